import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** Lines of text in, the running count of each word out. */
export function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: serdes.string(), value: serdes.string() })
    .flatMapValues((line) => line.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [])
    .groupBy((word) => word)
    .count('counts')
    .toStream()
    .to('word-counts', { key: serdes.string(), value: serdes.long() })
  return builder.build()
}
