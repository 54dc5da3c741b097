import { keyValueStore } from '../../../lib/state/stores'
import { compileTopology } from '../../../lib/topology/compile/compile-topology'
import { storeInputs } from '../../../lib/topology/store-inputs'
import { Topology } from '../../../lib/topology/topology'

const pass = () => ({ process: () => {} })

const inputsOf = (topology: Topology) => {
  const [sub] = compileTopology(topology.definition, { applicationId: 'app' }).subTopologies
  return storeInputs(sub!, sub!.stores[0]!.definition)
}

describe('the inputs of a store', () => {
  it('are the sources from which records come to the first processor that was connected to it', () => {
    const store = keyValueStore('store')
    const topology = new Topology()
      .addSource('logs', /logs-.*/)
      .addSource('b', ['b', 'c'])
      .addSource('a', 'a')
      .addProcessor('between', pass, ['b', 'logs'])
      .addProcessor('second', pass, ['a', 'between'])
      .addProcessor('first', pass, ['between', 'b'])
      .addStateStore(store, ['first', 'second'])
    expect(inputsOf(topology)).toEqual({ sourceTopics: ['b', 'c'], sourcePatterns: [/logs-.*/] })
  })
})
