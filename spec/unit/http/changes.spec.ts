import { get, type IncomingMessage } from 'node:http'
import type { HandlerOptions } from '../../../lib/http'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import * as serdes from '../../../lib/serdes'
import { keyValueStore } from '../../../lib/state/stores'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { QueryInstance } from '../../support/query-instances'

const text = { key: serdes.string(), value: serdes.string() }

const topology = () => {
  const builder = new StreamsBuilder()
  builder.table('prices', text, keyValueStore('prices', { ...text, caching: false }))
  builder.globalTable('rates', text, 'rates')
  return builder.build()
}

/** A client of server-sent events. */
class EventClient {
  readonly events: { event: string; data: unknown }[] = []
  ended = false

  constructor(readonly response: IncomingMessage) {
    let rest = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
        const event = field('event')
        if (event !== undefined) this.events.push({ event, data: JSON.parse(field('data')!) })
      }
    })
    response.once('close', () => (this.ended = true)).once('error', () => {})
  }

  /** The first so many. */
  async first(count: number): Promise<unknown[]> {
    await until(() => this.events.length >= count)
    return this.events.slice(0, count)
  }

  /** What the events of changes say. */
  async changes(count: number): Promise<unknown[]> {
    const found = () => this.events.filter(({ event }) => event === 'change').map(({ data }) => data)
    await until(() => found().length >= count)
    return found()
  }
}

const start = (partitions: number[]): object => ({ event: 'start', data: { partitions } })

describe('changes of a store over HTTP', () => {
  let apps: EmbeddedApps
  const instances: QueryInstance[] = []
  const clients: EventClient[] = []

  beforeEach(() => {
    apps = new EmbeddedApps({ prices: 2, rates: 1 })
  })
  afterEach(async () => {
    for (const { response } of clients.splice(0)) response.destroy()
    await Promise.all(instances.splice(0).map((instance) => instance.close()))
    await apps.close()
  })

  const create = async (options: HandlerOptions = {}, name = 'a'): Promise<QueryInstance> => {
    const config = { processingGuarantee: 'exactly_once', stateDir: apps.stateDir(name) } as const
    const instance = await QueryInstance.create((own) => apps.create(topology(), { ...own, ...config }), options)
    instances.push(instance)
    await instance.streams.start()
    return instance
  }

  const connect = async ({ port }: QueryInstance, path: string): Promise<EventClient> => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, resolve).once('error', reject)
    })
    expect(response).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
    const client = new EventClient(response)
    clients.push(client)
    return client
  }

  const price = (key: string, value: string | null, partition: number): Promise<void> =>
    apps.kafka.produce('prices', [{ key, value, timestamp: 5, partition }])

  it('are events with keys, values, times and partitions, after one that says where they begin', async () => {
    const instance = await create()
    const client = await connect(instance, '/stores/prices/changes')
    expect(await client.first(1)).toEqual([start([0, 1])])
    await price('tea', 'dear', 0)
    expect(await client.changes(1)).toEqual([{ key: 'tea', value: 'dear', timestamp: 5, partition: 0 }])
    await price('tea', null, 0)
    await price('milk', 'cheap\n\nevent: change', 1)
    expect(await client.changes(3)).toEqual(
      expect.arrayContaining([
        { key: 'tea', value: null, timestamp: 5, partition: 0 },
        { key: 'milk', value: 'cheap\n\nevent: change', timestamp: 5, partition: 1 },
      ]),
    )
  })

  it('can be those of some keys', async () => {
    const instance = await create()
    const [ofKey, ofRange] = [
      await connect(instance, '/stores/prices/changes?key=tea&partitions=0'),
      await connect(instance, '/stores/prices/changes?from=m&to=n'),
    ]
    expect(await ofKey.first(1)).toEqual([start([0])])
    for (const key of ['coffee', 'milk', 'tea']) await price(key, 'dear', 0)
    expect(await ofKey.changes(1)).toMatchObject([{ key: 'tea' }])
    expect(await ofRange.changes(1)).toMatchObject([{ key: 'milk' }])
  })

  it('are those of one instance: it says who has the others, unless only its own are asked for', async () => {
    const [a, b] = [await create({}, 'a'), await create({}, 'b')]
    await until(() => [a, b].every(({ streams }) => streams.metadataForLocalTasks().length === 1))
    await until(() => [a, b].every(({ streams }) => !streams.allMetadata()[0]!.rebalancing))
    const { status, json } = await a.get('/stores/prices/changes')
    expect({ status, json }).toMatchObject({
      status: 503,
      json: {
        error: {
          code: 'NOT_LOCAL',
          host: `127.0.0.1:${b.port}`,
          message: expect.stringContaining(
            `is on 127.0.0.1:${b.port}: ask there, or pass local=true for the partitions of this instance`,
          ),
        },
      },
    })
    const [ofA, ofB] = [
      await connect(a, '/stores/prices/changes?local=true'),
      await connect(b, '/stores/prices/changes?local=true'),
    ]
    const partitions = async (client: EventClient): Promise<number[]> =>
      ((await client.first(1)) as { data: { partitions: number[] } }[])[0]!.data.partitions
    const [[ofFirst], [ofSecond]] = [await partitions(ofA), await partitions(ofB)]
    expect([ofFirst, ofSecond].sort()).toEqual([0, 1])
    for (const partition of [0, 1]) await price('tea', 'dear', partition)
    expect(await ofA.changes(1)).toMatchObject([{ partition: ofFirst }])
    expect(await ofB.changes(1)).toMatchObject([{ partition: ofSecond }])
  })

  it('are given to who is authorized, to so many at a time', async () => {
    const authorize: HandlerOptions['authorize'] = ({ headers }, route) =>
      route.kind === 'store' && route.store === 'prices' && headers['x-key'] === undefined
    const instance = await create({ authorize, maxSubscriptions: 1 })
    expect((await instance.get('/stores/prices/changes', { headers: { 'x-key': 'wrong' } })).status).toBe(403)
    expect((await instance.get('/stores/rates/changes')).status).toBe(403)
    await connect(instance, '/stores/prices/changes')
    expect(await instance.get('/stores/prices/changes')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  it('are refused where there are none', async () => {
    const instance = await create()
    const status = async (path: string): Promise<number> => (await instance.get(path)).status
    expect(await status('/stores/rates/changes')).toBe(400)
    expect(await status('/stores/nothing/changes')).toBe(404)
    expect(await status('/stores/prices/changes?key=a&from=b')).toBe(400)
    expect(await status('/stores/prices/changes?format=bytes')).toBe(400)
    for (const ignored of ['prefix=a', 'limit=1', 'asOf=1', 'reverse=true', 'allowStale=true', 'isolation=latest']) {
      expect(await status(`/stores/prices/changes?${ignored}`)).toBe(400)
    }
    expect(await status('/stores/prices/changes?partitions=0')).toBe(400)
    expect(await status('/stores/prices/changes?key=a&partitions=0,1')).toBe(400)
    expect(await status(`/stores/prices/changes?key=${'a'.repeat(5000)}`)).toBe(414)
    expect(await status('/stores/prices/changes/more')).toBe(404)
  })

  it('end when a partition leaves while the subscription begins', async () => {
    const instance = await create()
    const { engine, changeFeeds } = instance.streams.queries
    const partitionsHere = engine.partitionsHere.bind(engine)
    engine.partitionsHere = async (...asked) => {
      const partitions = await partitionsHere(...asked)
      changeFeeds.of('prices').gap(1, 'stopped')
      return partitions
    }
    const client = await connect(instance, '/stores/prices/changes')
    await until(() => client.ended)
    expect(client.events).toEqual([
      start([0, 1]),
      { event: 'gap', data: { partition: 1, reason: 'stopped' } },
      { event: 'end', data: {} },
    ])
  })

  it('end when the client leaves, and when the instance closes', async () => {
    const instance = await create()
    const feed = instance.streams.queries.changeFeeds.of('prices')
    const leaving = await connect(instance, '/stores/prices/changes')
    await leaving.first(1)
    leaving.response.destroy()
    await until(() => !feed.isListenedTo)
    const staying = await connect(instance, '/stores/prices/changes')
    await staying.first(1)
    instance.streams.queries.drain()
    await until(() => staying.ended)
    expect(staying.events.at(-1)).toEqual({ event: 'end', data: {} })
    expect((await instance.get('/stores/prices/changes')).status).toBe(503)
  })
})
