/** The examples of the playground, in the order in which they are listed: files in `examples/`, each with its records. */
export const EXAMPLES = [
  ['word-count', 'Word count'],
  ['tumbling-windows', 'Tumbling windows'],
  ['stream-table-join', 'Stream–table join'],
  ['suppress', 'Suppress until windows close'],
  ['deduplicate', 'Deduplicate'],
  ['async-enrichment', 'Async enrichment'],
]
