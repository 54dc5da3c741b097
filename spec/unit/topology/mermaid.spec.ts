import { wordCount } from '../../../examples/01-word-count/topology'
import { mermaidChart } from '../../../lib/topology/mermaid'
import { Topology } from '../../../lib/topology/topology'

describe('the Mermaid chart of a topology', () => {
  it('connects sub-topologies by the topics between them, and processors with their stores', () => {
    const chart = mermaidChart(wordCount().description)
    const idOf = (label: string): string => new RegExp(`(\\w+)[[(/]+"${label}"`).exec(chart)![1]!
    const repartition = idOf('counts-repartition')
    expect(chart).toContain(`${idOf('counts-repartition-sink')} --> ${repartition}`)
    expect(chart).toContain(`${repartition} --> ${idOf('counts-repartition-source')}`)
    expect(chart).toMatch(/subgraph b0\["Sub-topology 0"\][^]*subgraph b1\["Sub-topology 1"\]/)
    expect(chart).toContain(`-.- ${idOf('counts')}`)
  })

  it('escapes what Mermaid would read as its own syntax', () => {
    const topology = new Topology()
      .addSource('source', /a"b<c>#.+/)
      .addSink('sink', (value: { to: string }) => value.to, 'source')
    const chart = mermaidChart(topology.description)
    expect(chart).toContain('t0[/"/a#34;b#60;c#62;#35;.+/"/]')
    expect(chart).toMatch(/t1\[\/".*\(…\)"\/\]/)
  })
})
