import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDescription } from '../../../lib/topology/parse-description'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { Topology } from '../../../lib/topology/topology'
import { wordCount } from '../../../examples/01-word-count/topology'

const withGlobalTable = (): Topology => {
  const builder = new StreamsBuilder()
  const rates = builder.globalTable('rates')
  builder
    .stream('orders')
    .join(
      rates,
      (_, key) => key as string,
      (order) => order,
    )
    .to((value) => String(value))
  return builder.build()
}

describe('parsing a description', () => {
  it.each([
    ['word count', wordCount()],
    ['a global table and a selected topic', withGlobalTable()],
    ['a pattern', new Topology().addSource('source', /logs-(a|b)/).addSink('sink', 'all', 'source')],
    ['nothing', new Topology()],
  ])('gives back what was described: %s', (_, topology) => {
    expect(parseDescription(topology.describe())).toEqual(topology.description)
  })

  it('reads every text that Kafka Streams itself has written for the golden suite', () => {
    const lines = readFileSync(join(__dirname, '../../golden/describe-dsl.jsonl'), 'utf8').trim().split('\n')
    const texts = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .flatMap((entry) =>
        Object.values(entry).filter(
          (value): value is string => typeof value === 'string' && value.startsWith('Topologies:'),
        ),
      )
    expect(texts.length).toBeGreaterThan(50)
    const unread = texts.filter((text) => {
      const parsed = parseDescription(text)
      const nodes = [
        ...(parsed?.subtopologies.flatMap(({ nodes }) => nodes) ?? []),
        ...(parsed?.globalStores.flatMap(({ source, processor }) => [source, processor]) ?? []),
      ]
      return (
        nodes.some((node) => node === undefined) ||
        nodes.length !== (text.match(/(Source|Processor|Sink): /g) ?? []).length
      )
    })
    expect(unread).toEqual([])
  })

  it('takes no other text for one', () => {
    expect(parseDescription('')).toBeUndefined()
    expect(parseDescription('hello')).toBeUndefined()
    expect(parseDescription('Topologies:\n  Sub-topology: 0\n    Nonsense: x')).toBeUndefined()
  })
})
