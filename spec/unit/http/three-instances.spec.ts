import type { IncomingMessage } from 'node:http'
import type { HandlerOptions } from '../../../lib/http'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import * as serdes from '../../../lib/serdes'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import { keyValueStore } from '../../../lib/state/stores'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { QueryInstance } from '../../support/query-instances'
import { RoundRobin } from '../../support/round-robin'

const text = { key: serdes.string(), value: serdes.string() }
const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`)
const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })

const counting = () => {
  const builder = new StreamsBuilder()
  builder.stream('words', text).groupByKey().count(counts)
  return builder.build()
}

describe('three instances behind a round-robin of HTTP clients', () => {
  let apps: EmbeddedApps
  let instances: QueryInstance[]

  beforeEach(async () => {
    apps = new EmbeddedApps({ words: 6 })
    // key-i is there i % 5 + 1 times
    const records = KEYS.flatMap((key, i) => Array.from({ length: countOf(i) }, () => ({ key, value: 'x' })))
    await apps.kafka.produce('words', records)
    instances = await Promise.all(['a', 'b', 'c'].map((name) => create(name)))
    await Promise.all(instances.map(({ streams }) => streams.start()))
    await until(() => instances.every((each) => spread(each, 2)))
    await untilCaughtUp()
  })
  afterEach(async () => {
    await Promise.all(instances.map((each) => each.close()))
    await apps.close()
  })

  const countOf = (i: number): number => (i % 5) + 1
  const create = (name: string, options: HandlerOptions = {}): Promise<QueryInstance> =>
    QueryInstance.create((config) => apps.create(counting(), { ...config, stateDir: apps.stateDir(name) }), options)
  const spread = ({ streams }: QueryInstance, tasks: number): boolean =>
    streams.state === 'RUNNING' && streams.metadataForLocalTasks().length === tasks && isSettled(streams)
  const isSettled = (streams: KafkaStreams): boolean => !streams.allMetadata()[0]!.rebalancing
  const untilCaughtUp = async (): Promise<void> => {
    const total = KEYS.reduce((sum, _, i) => sum + countOf(i), 0)
    await until(async () => {
      let sum = 0
      for (let partition = 0; partition < 6; partition++) sum += await apps.committed('words', partition)
      return sum === total
    })
  }

  const clients = new RoundRobin('counts', new Map(KEYS.map((key, i) => [key, countOf(i)])))
  const askAll = (): Promise<void> => clients.askAll(instances)
  const askDuring = (over: Promise<unknown>) => clients.askDuring(instances, over)

  it('answer for every key, whoever has it', async () => {
    await askAll()
  })

  it('give every key once in a scan, whoever is asked', async () => {
    for (const instance of instances) {
      const { lines } = await instance.get('/stores/counts/keys')
      expect(lines.at(-1)).toMatchObject({ end: { rows: KEYS.length, truncated: false } })
      expect(
        lines
          .slice(0, -1)
          .map(({ key }) => key as string)
          .sort(),
      ).toEqual([...KEYS].sort())
    }
  })

  it('answer queries of the program itself, with the types of its store', async () => {
    const { streams } = instances[0]!
    const hosts = new Set<number | null>()
    for (const [i, key] of KEYS.entries()) {
      const { value, host, position, partition } = await streams.query(counts).get(key)
      expect(value).toBe(countOf(i))
      expect(position.words![partition]).toBeGreaterThanOrEqual(0)
      hosts.add(host === null ? null : host.port)
    }
    expect(hosts).toEqual(new Set([null, instances[1]!.port, instances[2]!.port]))
    const all = await streams.query(counts).all().toArray()
    expect(new Map(all)).toEqual(new Map(KEYS.map((key, i) => [key, countOf(i)])))
  })

  it('look for a key in the partition where a partitioner says, whoever has it', async () => {
    const partitions = [0, 1, 2, 3, 4, 5]
    for (const partition of partitions)
      await apps.kafka.produce('words', [{ key: 'everywhere', value: 'x', partition }])
    const get = (partition: number) =>
      instances[0]!.streams.query(counts, { partitioner: () => partition }).get('everywhere')
    await until(async () => {
      const answers = await Promise.all(partitions.map(get))
      return answers.every(({ value, partition }, i) => value === 1 && partition === i)
    })
    for (const { streams } of instances) {
      const answers = partitions.map((partition) =>
        streams.query(counts, { partitions: [partition] }).get('everywhere'),
      )
      expect((await Promise.all(answers)).map(({ partition }) => partition)).toEqual(partitions)
      for (const chosen of [[4], [5, 0, 2]]) {
        const rows = await streams.query(counts, { partitions: chosen }).all().toArray()
        expect(rows.filter(([key]) => key === 'everywhere')).toHaveLength(chosen.length)
      }
      await expect(
        streams
          .query(counts, { partitions: [6] })
          .all()
          .toArray(),
      ).rejects.toThrow('no partition 6')
    }
    const { json } = await instances[1]!.get('/stores/counts/keys/everywhere?partitions=3')
    expect(json).toMatchObject({ value: 1, partition: 3 })
    expect((await instances[1]!.get('/stores/counts/keys/everywhere?partitions=3,4')).status).toBe(400)
    expect((await instances[1]!.get('/stores/counts/keys/everywhere?partitions=6')).status).toBe(400)
  })

  it('name the owner of a key to who asks only this instance', async () => {
    const { streams } = instances[0]!
    for (const key of KEYS) {
      const { isLocal, active } = await streams.metadataForKey(counts, key)
      const answer = streams.query(counts, { local: true }).get(key)
      if (isLocal) expect((await answer).value).not.toBeNull()
      else {
        const host = `${active!.host}:${active!.port}`
        await expect(answer).rejects.toMatchObject({ code: 'NOT_LOCAL', location: { host } })
      }
    }
  })

  it('name the instances that have a store', () => {
    for (const { streams } of instances) {
      const found = streams.metadataForStore(counts)
      expect(found).toEqual(streams.allMetadata())
      expect(found.map(({ stores }) => stores)).toEqual(Array(3).fill(['counts']))
      expect(() => streams.metadataForStore('nothing')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
    }
  })

  it('pass the credentials of a request on, under the path where they are mounted', async () => {
    await Promise.all(instances.map((each) => each.close()))
    const authorize = ({ headers }: IncomingMessage): boolean => headers.authorization === 'me'
    const mounted = (name: string) => create(name, { prefix: '/q/v1', authorize })
    instances = await Promise.all(['a', 'b', 'c'].map(mounted))
    await Promise.all(instances.map(({ streams }) => streams.start()))
    await until(() => instances.every((each) => spread(each, 2)))
    const get = (path: string) => instances[0]!.get(path, { headers: { authorization: 'me' } })
    for (const [i, key] of KEYS.entries()) {
      expect((await get(`/q/v1/stores/counts/keys/${key}`)).json.value).toBe(countOf(i))
    }
    expect((await get('/q/v1/stores/counts/keys')).lines).toHaveLength(KEYS.length + 1)
    expect((await get('/stores/counts/keys')).status).toBe(404)
    expect((await instances[0]!.get('/q/v1/stores/counts/keys')).status).toBe(403)
    const { streams } = instances[0]!
    const peers = { path: '/q/v1', headers: { authorization: 'me' } }
    expect(await streams.query(counts, { peers }).all().toArray()).toHaveLength(KEYS.length)
    await expect(streams.query(counts).all().toArray()).rejects.toMatchObject({ code: 'INSTANCE_UNREACHABLE' })
    const refused = streams.query(counts, { peers: { path: '/q/v1' } }).all()
    await expect(refused.toArray()).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' })
  })

  it('never forward a request twice', async () => {
    const { streams } = instances[0]!
    const [key] = await keysOf(streams, false)
    const { status, json, headers } = await instances[0]!.get(`/stores/counts/keys/${key}`, {
      headers: { 'millrace-forwarded': '1' },
    })
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('1')
    expect(json.error!.code).toBe('NOT_LOCAL')
  })

  it('say what they can not know when the owner does not answer', async () => {
    const { streams } = instances[0]!
    const [key] = await keysOf(streams, false)
    const { active } = await streams.metadataForKey(counts, key!)
    const owner = instances.find(({ port }) => port === active!.port)!
    await owner.closeServer()
    const { status, json } = await instances[0]!.get(`/stores/counts/keys/${key}`)
    expect(status).toBe(503)
    expect(json.error).toMatchObject({ code: 'INSTANCE_UNREACHABLE', host: `127.0.0.1:${owner.port}` })
    expect((await instances[0]!.get('/stores/counts/keys')).status).toBe(503)
  })

  it('are right while one leaves and another one joins, or say when to ask again', async () => {
    const [first] = instances
    const leaving = await askDuring(
      first!.streams.close().then(() => until(() => instances.slice(1).every((each) => spread(each, 3)))),
    )
    expect(leaving.right).toBeGreaterThan(0)
    instances.shift()
    await first!.close()
    await askAll()
    const joining = await create('d')
    instances.push(joining)
    const joined = await askDuring(
      joining.streams.start().then(() => until(() => instances.every((each) => spread(each, 2)))),
    )
    expect(joined.right).toBeGreaterThan(0)
    await askAll()
  })

  it('are right while all of them are thrown out of the group, or say when to ask again', async () => {
    const generations = (): number[] => instances.map(({ streams }) => streams.allMetadata()[0]!.generation)
    const before = Math.max(...generations())
    apps.dropAllMembers()
    await askDuring(
      until(
        () => generations().every((generation) => generation > before) && instances.every((each) => spread(each, 2)),
      ),
    )
    await askAll()
  })

  const keysOf = async (streams: KafkaStreams, local: boolean): Promise<string[]> => {
    const found: string[] = []
    for (const key of KEYS) if ((await streams.metadataForKey(counts, key)).isLocal === local) found.push(key)
    return found
  }
})
