import { wordCount } from '../../../examples/01-word-count/topology'
import { orderEnrichment } from '../../../examples/06-order-enrichment/topology'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { string } from '../../../lib/serdes'
import { topologySvg } from '../../../lib/topology/svg'
import { Topology } from '../../../lib/topology/topology'

const count = (svg: string, part: string): number => svg.split(part).length - 1

describe('the SVG image of a topology', () => {
  it('has a frame for each sub-topology, and the names of all that it draws', () => {
    const { description } = wordCount()
    const svg = topologySvg(description)
    expect(count(svg, 'class="frame"')).toBe(description.subtopologies.length)
    for (const { nodes } of description.subtopologies) {
      for (const { name } of nodes) expect(count(svg, `data-node="${name}"`)).toBe(1)
    }
    expect(count(svg, 'data-store="counts"')).toBe(1)
  })

  it('connects two sub-topologies by one topic', () => {
    const svg = topologySvg(wordCount().description)
    expect(count(svg, 'data-topic="counts-repartition"')).toBe(1)
    expect(svg).toContain('data-from="counts-repartition-sink" data-to="counts-repartition"')
    expect(svg).toContain('data-from="counts-repartition" data-to="counts-repartition-source"')
  })

  it('draws circles of sub-topologies, patterns, chosen topics and global stores', () => {
    const svg = topologySvg(orderEnrichment().description)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    const topology = new Topology().addSource('in', /a.+/).addSink('out', (value: { to: string }) => value.to, 'in')
    expect(topologySvg(topology.description)).toContain('data-topic="/a.+/"')
    const builder = new StreamsBuilder()
    builder.globalTable('rates', { key: string(), value: string() })
    expect(topologySvg(builder.build().description)).toContain('Sub-topology 0: global store')
  })

  it('escapes names, and replaces what XML can not have', () => {
    const name = `<script>alert("1")</script>'&\u0000\ud800`
    const topology = new Topology().addSource(name, 'in').addSink('out', 'topic', name)
    const svg = topologySvg(topology.description)
    expect(svg).not.toContain('<script')
    // eslint-disable-next-line no-control-regex
    expect(svg).not.toMatch(/[\u0000\ud800]/)
    expect(svg).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;&#38;\ufffd\ufffd')
  })

  it('shortens long names, with the whole name as the title', () => {
    const name = 'n'.repeat(60)
    const svg = topologySvg(new Topology().addSource(name, 'in').description)
    expect(svg).toContain(`<title>${name}</title>`)
    expect(svg).toContain(`>${'n'.repeat(43)}…</text>`)
  })

  it('can do without its own colours', () => {
    expect(topologySvg(wordCount().description)).toContain('<style>')
    expect(topologySvg(wordCount().description, { styles: false })).not.toContain('<style>')
  })
})
