import { NO_HOSTS } from '../../../lib/assignment/cluster-hosts'
import { resolveConfig } from '../../../lib/config/config'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { silentLogger } from '../../../lib/observe/logger'
import { AnyStoreQueries } from '../../../lib/query/any-store-queries'
import { ClusterMetadata } from '../../../lib/query/cluster-metadata'
import type { ClusterView } from '../../../lib/query/cluster-view'
import type { LocalTask } from '../../../lib/query/local-tasks'
import { QueryEngine } from '../../../lib/query/query-engine'
import type { RemoteStores } from '../../../lib/query/remote-stores'
import { resolveQueryOptions } from '../../../lib/query/query-options'
import type { QueryOptions } from '../../../lib/query/query-types'
import { StoreCatalog } from '../../../lib/query/store-catalog'
import * as serdes from '../../../lib/serdes'
import type { StateStore } from '../../../lib/state/store'
import { compileTopology } from '../../../lib/topology/compile/compile-topology'
import type { Topology } from '../../../lib/topology/topology'
import { LETTERS, partitionOf } from '../../support/input'

const text = { key: serdes.string(), value: serdes.string() }
const HERE = { host: 'here', port: 1 }
const THERE = { host: 'there', port: 2 }

const table = (): Topology => {
  const builder = new StreamsBuilder()
  builder.table('in', text, 'rows')
  return builder.build()
}

const foreignKeyJoin = (options: { partitioner?: () => number } = {}): Topology => {
  const builder = new StreamsBuilder()
  const left = builder.table('in', text, 'rows')
  const right = builder.table('other', text, 'other-rows')
  const value = (row: string): string => row
  left.join(right, value, value, { store: 'joined', ...text, ...options })
  return builder.build()
}

/** A store that has every key. */
const full = {
  name: 'rows',
  persistent: false,
  timestamped: true,
  get: (key: string) => ({ value: `${key}!`, timestamp: 7 }),
} as unknown as StateStore

const view = (changes: Partial<ClusterView> = {}): ClusterView => ({
  hosts: {
    partitionCounts: new Map([['in', 2]]),
    active: [
      { host: HERE, partitions: [{ topic: 'in', partition: 0 }] },
      { host: THERE, partitions: [{ topic: 'in', partition: 1 }] },
    ],
    standby: [],
  },
  generation: 3,
  rebalancing: false,
  ...changes,
})

const setUp = ({
  cluster = view(),
  state = 'running',
  holdsLease = true,
  instanceState = 'RUNNING',
  topology = table(),
}: {
  /** Null: nothing has been assigned yet. */
  cluster?: ClusterView | null
  state?: LocalTask['state'] | 'absent'
  holdsLease?: boolean
  instanceState?: string
  topology?: Topology
} = {}) => {
  const config = resolveConfig({ applicationId: 'app', kafka: { brokers: ['a:1'] }, logger: silentLogger })
  const compiled = compileTopology(topology.definition, config)
  const asked: { host: unknown; options: unknown }[] = []
  const remote = {
    point: async (host: typeof THERE, _store: unknown, _query: unknown, options: unknown) => {
      asked.push({ host, options })
      return { rows: [{ value: 'remote', timestamp: 1 }], partition: 1, position: {}, stale: false, host }
    },
  } as unknown as RemoteStores
  const task: LocalTask = {
    id: '0_0',
    state: state === 'absent' ? 'closing' : state,
    inputs: [{ topic: 'in', partition: 0 }],
    open: () => (state === 'running' || state === 'suspended' ? { store: full, close: () => {} } : undefined),
    position: () => ({ in: { 0: 41 } }),
  }
  const engine = new QueryEngine({
    catalog: new StoreCatalog({ topology: compiled, ...config }),
    instance: {
      host: HERE,
      state: instanceState,
      cluster: cluster ?? undefined,
      holdsLease,
      task: (id) => (id === '0_0' && state !== 'absent' ? task : undefined),
      globalStore: () => undefined,
    },
    metadata: (each) => new ClusterMetadata(compiled, each),
    remote,
  })
  const get = (key: string, options: QueryOptions = {}) =>
    new AnyStoreQueries(engine, 'rows', true, resolveQueryOptions(options)).get(key)
  return { engine, get, asked }
}

const MINE = LETTERS.find((letter) => partitionOf(letter) === 0)!
const OTHERS = LETTERS.find((letter) => partitionOf(letter) === 1)!

describe('a query of a key', () => {
  it('is answered here where the task runs', async () => {
    const { get } = setUp()
    expect(await get(MINE)).toEqual({
      value: `${MINE}!`,
      partition: 0,
      position: { in: { 0: 41 } },
      stale: false,
      host: null,
    })
  })

  it('is answered by the owner elsewhere', async () => {
    const { get, asked } = setUp()
    expect(await get(OTHERS)).toMatchObject({ value: 'remote', partition: 1, host: THERE })
    expect(asked).toHaveLength(1)
  })

  it.each<LocalTask['state']>(['opening', 'restoring'])('fails while the task is %s, stale or not', async (state) => {
    const { get } = setUp({ state })
    for (const allowStale of [false, true]) {
      await expect(get(MINE, { allowStale })).rejects.toMatchObject({
        code: 'STORE_NOT_AVAILABLE',
        message: expect.stringContaining(state),
      })
    }
  })

  it.each([
    ['the task is suspended', { state: 'suspended' as const }],
    ['the lease has run out', { holdsLease: false }],
  ])('is stale, and only for who allows it, while %s', async (_, options) => {
    const { get } = setUp(options)
    await expect(get(MINE)).rejects.toMatchObject({
      code: 'STORE_NOT_AVAILABLE',
      message: expect.stringContaining('allowStale'),
    })
    expect(await get(MINE, { allowStale: true })).toMatchObject({ value: `${MINE}!`, stale: true })
  })

  it('fails while the task moves away from here, or has not come yet', async () => {
    const { get, asked } = setUp({ state: 'absent' })
    await expect(get(MINE)).rejects.toMatchObject({ code: 'STORE_NOT_AVAILABLE' })
    expect(asked).toEqual([])
  })

  it('fails while nobody has the task, and says why', async () => {
    const { hosts } = view()
    const nobody = { ...hosts, active: [hosts.active[0]!] }
    const handedOver = setUp({ cluster: view({ hosts: nobody, rebalancing: true }) })
    await expect(handedOver.get(OTHERS)).rejects.toMatchObject({ code: 'STORE_NOT_AVAILABLE' })
    const unknown = setUp({ cluster: view({ hosts: nobody }) })
    await expect(unknown.get(OTHERS)).rejects.toMatchObject({
      code: 'NOT_LOCAL',
      message: expect.stringContaining('applicationServer'),
    })
  })

  it('fails after the close, and says so', async () => {
    const { hosts } = view()
    const nobody = view({ hosts: { ...hosts, active: [hosts.active[0]!] } })
    const { get } = setUp({ state: 'absent', instanceState: 'NOT_RUNNING', cluster: nobody })
    for (const key of [MINE, OTHERS]) {
      await expect(get(key)).rejects.toMatchObject({
        code: 'STORE_NOT_AVAILABLE',
        message: expect.stringContaining('this instance is NOT_RUNNING'),
      })
    }
  })

  it('gives no metadata after the close: it would be that of the last assignment', async () => {
    for (const instanceState of ['NOT_RUNNING', 'ERROR']) {
      const { engine } = setUp({ state: 'absent', instanceState })
      const error = {
        code: 'STORE_NOT_AVAILABLE',
        message: expect.stringContaining(`this instance is ${instanceState}`),
      }
      await expect(engine.keyMetadata('rows', MINE)).rejects.toMatchObject(error)
      expect(() => engine.metadata()).toThrow(expect.objectContaining(error))
      expect(() => engine.metadata('rows')).toThrow(expect.objectContaining(error))
    }
  })

  it('fails before the first assignment, and with a leader that tells no hosts', async () => {
    const { engine } = setUp({ cluster: null })
    await expect(engine.keyMetadata('rows', MINE)).rejects.toMatchObject({ code: 'STORE_NOT_AVAILABLE' })
    const { get } = setUp({ cluster: view({ hosts: NO_HOSTS }) })
    await expect(get(MINE)).rejects.toMatchObject({
      code: 'STORE_NOT_AVAILABLE',
      message: expect.stringContaining('how many partitions'),
    })
  })

  it('asks nobody else if only this instance is to be read, and names the owner', async () => {
    const { get, asked } = setUp()
    await expect(get(OTHERS, { local: true })).rejects.toMatchObject({
      code: 'NOT_LOCAL',
      location: { store: 'rows', partition: 1, host: 'there:2' },
    })
    expect(asked).toEqual([])
  })

  it('fails while the records that it has to include are not processed', async () => {
    const { get } = setUp()
    await expect(get(MINE, { atLeast: { in: { 0: 42 } } })).rejects.toMatchObject({ code: 'STORE_BEHIND' })
    expect((await get(MINE, { atLeast: { in: { 0: 41, 1: 99 }, other: { 0: 5 } } })).value).toBe(`${MINE}!`)
  })

  it('looks where a partitioner says', async () => {
    const { get } = setUp()
    expect((await get(OTHERS, { partitioner: () => 0 })).host).toBeNull()
    expect((await get(MINE, { partitioner: () => undefined })).host).toBeNull()
    for (const partitioner of [() => [0, 1], () => []]) {
      await expect(get(MINE, { partitioner })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('and a key is read from one'),
      })
    }
    await expect(get(MINE, { partitioner: () => 2 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('2 partitions'),
    })
  })

  it('looks in the partition that is named, whatever a partitioner says', async () => {
    const { get } = setUp()
    expect(await get(OTHERS, { partitions: [0] })).toMatchObject({ partition: 0, host: null, value: `${OTHERS}!` })
    expect(await get(MINE, { partitions: [1, 1], partitioner: () => 0 })).toMatchObject({ partition: 1, host: THERE })
    await expect(get(MINE, { partitions: [0, 1] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('a key of store "rows" is in one partition, and 2 are asked for'),
    })
    await expect(get(MINE, { partitions: [2] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no partition 2'),
    })
  })

  it.each([[[]], [[-1]], [[0.5]], ['0'], [[null]]])('refuses %j as partitions', async (partitions) => {
    const { get } = setUp()
    await expect((async () => get(MINE, { partitions: partitions as number[] }))()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('numbers of partitions, such as [0, 3]'),
    })
  })

  it('looks where the topics of the store have it, though others of its tasks have more partitions', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', text)
    stream.toTable('rows')
    stream.merge(builder.stream('wider', text)).to('out', text)
    const partitionCounts = new Map([
      ['in', 1],
      ['wider', 2],
    ])
    const cluster = view({ hosts: { ...view().hosts, partitionCounts } })
    const { engine, get } = setUp({ topology: builder.build(), cluster })
    expect(await get(OTHERS)).toMatchObject({ partition: 0, host: null })
    expect(await engine.keyMetadata('rows', OTHERS)).toMatchObject({ partition: 0, active: HERE })
    expect(await get(OTHERS, { partitioner: (_topic, _key, _value, count) => count - 1 })).toMatchObject({
      partition: 0,
    })
    await expect(engine.partitionsHere('rows', { local: false })).rejects.toMatchObject({ location: { partition: 1 } })
  })

  it('lists the stores of an instance whose topics it has partitions of, as in Kafka Streams', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', text)
    stream.toTable('rows')
    const wider = builder.stream('wider', text)
    wider.toTable('wider-rows')
    stream.merge(wider).to('out', text)
    const topology = compileTopology(
      builder.build().definition,
      resolveConfig({ applicationId: 'app', kafka: { brokers: ['x:1'] } }),
    )
    const active = [
      { host: HERE, partitions: ['in', 'wider'].map((topic) => ({ topic, partition: 0 })) },
      { host: THERE, partitions: [{ topic: 'wider', partition: 1 }] },
    ]
    const partitionCounts = new Map([
      ['in', 1],
      ['wider', 2],
    ])
    const metadata = new ClusterMetadata(topology, view({ hosts: { partitionCounts, active, standby: [active[1]!] } }))
    expect(metadata.all().map(({ stores, standbyStores }) => [stores, standbyStores])).toEqual([
      [['rows', 'wider-rows'], []],
      [['wider-rows'], ['wider-rows']],
    ])
  })

  it('asks for the partitioner of a topic that has one, or for the partition', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .repartition({ name: 'apart', partitioner: () => 0 })
      .toTable('rows')
    const partitionCounts = new Map([['app-apart-repartition', 2]])
    const cluster = view({ hosts: { partitionCounts, active: [], standby: [] } })
    const { get } = setUp({ topology: builder.build(), cluster })
    await expect(get(MINE)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /pass the same as \{ partitioner \}.*\{ partitions: \[3\] \}.*over HTTP.*\?partitions=3/,
      ) as string,
    })
    // looked for there
    await expect(get(MINE, { partitions: [0] })).rejects.toMatchObject({
      code: 'NOT_LOCAL',
      location: { partition: 0 },
    })
  })

  it('finds the rows of a foreign-key join, whose responses return to the partition of their row', async () => {
    const { get } = setUp({ topology: foreignKeyJoin() })
    expect((await get(OTHERS)).host).toEqual(THERE)
    expect((await get(MINE)).host).toBeNull()
  })

  it('needs the partitioner of the responses of a foreign-key join that has one', async () => {
    const { get } = setUp({ topology: foreignKeyJoin({ partitioner: () => 0 }) })
    await expect(get(MINE)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('needs the partitioner of a repartition topic that has one', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .repartition({ name: 'spread', partitioner: () => 0 })
      .toTable({ store: 'rows' })
    const { get } = setUp({
      topology: builder.build(),
      cluster: view({ hosts: { ...view().hosts, partitionCounts: new Map([['app-spread-repartition', 2]]) } }),
    })
    await expect(get(MINE)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('partitioner'),
    })
  })

  it.each([null, undefined, 5])('refuses %p as a key of text', async (key) => {
    const { get } = setUp()
    await expect(get(key as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', location: { store: 'rows' } })
  })
})

describe('metadata', () => {
  it('of a key names the owner, and says whether it may be moving', async () => {
    const { engine } = setUp()
    expect(await engine.keyMetadata('rows', OTHERS)).toEqual({
      partition: 1,
      active: THERE,
      standbys: [],
      isLocal: false,
      generation: 3,
      rebalancing: false,
    })
    const moving = setUp({ cluster: view({ rebalancing: true, generation: -1 }) })
    expect(await moving.engine.keyMetadata('rows', MINE)).toMatchObject({
      isLocal: true,
      generation: -1,
      rebalancing: true,
    })
  })

  it('of a store names the instances that have a part of it, standbys included', () => {
    const { hosts } = view()
    const standby = [{ host: THERE, partitions: [{ topic: 'in', partition: 0 }] }]
    const idle = [...hosts.active, { host: { host: 'idle', port: 3 }, partitions: [] }]
    const { engine } = setUp({ cluster: view({ hosts: { ...hosts, active: idle, standby } }) })
    expect(engine.metadata().map(({ host }) => host.host)).toEqual(['here', 'there', 'idle'])
    expect(engine.metadata('rows')).toMatchObject([
      { host: HERE, stores: ['rows'], standbyStores: [] },
      { host: THERE, stores: ['rows'], standbyStores: ['rows'], standbyPartitions: [{ topic: 'in', partition: 0 }] },
    ])
    expect(() => engine.metadata('none')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
  })
})
