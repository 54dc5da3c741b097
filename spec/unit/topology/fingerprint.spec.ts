import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import * as serdes from '../../../lib/serdes'
import { compileTopology } from '../../../lib/topology/compile/compile-topology'
import { topologyFingerprint } from '../../../lib/topology/fingerprint'

interface Variant {
  source?: string | RegExp
  store?: string
  sink?: string
  operator?: string
  extra?: boolean
  map?: (value: string) => string
  global?: string
}

const text = { key: serdes.string(), value: serdes.string() }

const fingerprint = ({
  source = 'in',
  store = 'counts',
  sink = 'out',
  operator = 'upper',
  extra = false,
  map = (value) => value.toUpperCase(),
  global,
}: Variant = {}): string => {
  const builder = new StreamsBuilder()
  const mapped = builder.stream(source, text).mapValues(map, { name: operator })
  mapped.groupByKey(text).count({ store }).toStream().to(sink)
  if (extra) mapped.filter(() => true).to('extra', text)
  if (global !== undefined) builder.globalTable(global, text)
  return topologyFingerprint(compileTopology(builder.build().definition, { applicationId: 'app' }))
}

describe('the fingerprint of a topology', () => {
  it('is the same for every build of the same topology, in this release and the next', () => {
    expect(fingerprint()).toBe(fingerprint())
    // instances of two releases meet in one group while an update rolls out
    expect(fingerprint()).toMatchInlineSnapshot(`"LCXp3vVO_sQa1eic"`)
  })

  it('does not depend on callbacks: a corrected one may be rolled out', () => {
    expect(fingerprint({ map: (value) => value.trim() })).toBe(fingerprint())
  })

  it.each<[string, Variant]>([
    ['the name of a store', { store: 'totals' }],
    ['a source topic', { source: 'input' }],
    ['a source pattern', { source: /in.*/ }],
    ['an output topic', { sink: 'output' }],
    ['the name of an operator', { operator: 'shout' }],
    ['an operator more', { extra: true }],
    ['a global table', { global: 'countries' }],
  ])('differs by %s', (_, variant) => {
    expect(fingerprint(variant)).not.toBe(fingerprint())
  })
})
