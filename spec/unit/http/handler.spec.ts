import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { SessionWindows } from '../../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import { keyValueStore } from '../../../lib/state/stores'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import * as serdes from '../../../lib/serdes'
import type { Topology } from '../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { QueryInstance } from '../../support/query-instances'

const text = { key: serdes.string(), value: serdes.string() }
const HOUR = 3_600_000

const allStores = (): Topology => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text)
  words.groupByKey().count('counts')
  words.groupByKey().count(keyValueStore('plain-counts', { key: serdes.string(), value: serdes.long() }))
  words
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '1h' }))
    .count('per-hour')
  words
    .groupByKey()
    .windowedBy(SessionWindows.of({ inactivityGap: '1h' }))
    .count('sessions')
  builder.table('prices', text, versionedKeyValueStore('price-history', { ...text, historyRetention: '1d' }))
  builder.table('bytes', { key: serdes.bytes(), value: serdes.bytes() }, 'raw')
  builder.table('numbers', { key: serdes.bigint(), value: serdes.double() }, 'by-number')
  builder.globalTable('rates', text, 'all-rates')
  return builder.build()
}

describe('the HTTP handler of an instance', () => {
  let apps: EmbeddedApps
  let instance: QueryInstance

  beforeAll(async () => {
    apps = new EmbeddedApps({ words: 2, prices: 1, bytes: 1, numbers: 1, rates: 1 })
    instance = await QueryInstance.create((config) => apps.create(allStores(), config))
    await apps.kafka.produce('words', [
      { key: 'a', value: '1', timestamp: 1000 },
      { key: 'a', value: '2', timestamp: HOUR + 1 },
      { key: 'ab', value: '3', timestamp: 1000 },
      { key: 'a/b?c=ü', value: '4', timestamp: 1000 },
      { key: '', value: '5', timestamp: 1000 },
    ])
    await apps.kafka.produce('prices', [
      { key: 'tea', value: 'cheap', timestamp: 100 },
      { key: 'tea', value: 'dear', timestamp: 200 },
    ])
    const bytes = { key: serdes.bytes(), value: serdes.bytes() }
    await apps.kafka.produce(
      'bytes',
      [{ key: Buffer.from([0, 255]), value: Buffer.from([1, 2, 3]), timestamp: 5 }],
      bytes,
    )
    const numbers = { key: serdes.bigint(), value: serdes.double() }
    await apps.kafka.produce('numbers', [{ key: 2n ** 60n, value: NaN, timestamp: 5 }], numbers)
    await apps.kafka.produce('rates', [{ key: 'EUR', value: '1.1' }])
    await instance.streams.start()
    await until(async () => (await apps.committed('words', 0)) + (await apps.committed('words', 1)) === 5)
    for (const topic of ['prices', 'bytes', 'numbers']) await until(async () => (await apps.committed(topic, 0)) > 0)
  })
  afterAll(async () => {
    await instance.close()
    await apps.close()
  })

  it('gives the value of a key, with its time, its partition and how far it goes', async () => {
    const { status, json, headers } = await instance.get('/stores/counts/keys/a')
    expect(status).toBe(200)
    expect(json).toMatchObject({ value: 2, timestamp: HOUR + 1, stale: false })
    const partition = json.partition as number
    expect((json.position as Record<string, Record<string, number>>).words![partition]).toBeGreaterThanOrEqual(0)
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  it.each(['a/b?c=ü', ''])('finds the key %j', async (key) => {
    const { json } = await instance.get(`/stores/counts/keys/${encodeURIComponent(key)}`)
    expect(json.value).toBe(1)
  })

  it('answers null, and not 404, for a key that is nowhere', async () => {
    const { status, json } = await instance.get('/stores/counts/keys/nobody')
    expect(status).toBe(200)
    expect(json.value).toBeNull()
  })

  it('keeps what JSON has no word for: bytes as base64, bigints and NaN as text', async () => {
    expect((await instance.get('/stores/raw/keys/AP8')).json).toMatchObject({ value: 'AQID', timestamp: 5 })
    expect((await instance.get(`/stores/by-number/keys/${2n ** 60n}`)).json).toMatchObject({ value: 'NaN' })
    expect((await instance.get('/stores/by-number/keys')).lines[0]).toMatchObject({ key: `${2n ** 60n}` })
  })

  it('gives ranges, prefixes and everything as lines, and says at the end that this was all', async () => {
    const keys = async (path: string): Promise<unknown[]> => {
      const { lines } = await instance.get(path)
      expect(lines.at(-1)).toMatchObject({ end: { rows: lines.length - 1, truncated: false, stale: false } })
      return lines.slice(0, -1).map(({ key }) => key)
    }
    expect((await keys('/stores/counts/keys')).sort()).toEqual(['', 'a', 'a/b?c=ü', 'ab'])
    expect((await keys('/stores/counts/keys?from=a&to=a')).sort()).toEqual(['a'])
    expect((await keys('/stores/counts/keys?prefix=a')).sort()).toEqual(['a', 'a/b?c=ü', 'ab'])
    const reversed: unknown[] = []
    for (const partition of [0, 1]) {
      const ascending = await keys(`/stores/counts/keys?partitions=${partition}`)
      expect(await keys(`/stores/counts/keys?partitions=${partition}&reverse=true`)).toEqual([...ascending].reverse())
      reversed.push(...ascending)
    }
    expect(reversed).toHaveLength(4)
  })

  it('says that a range is cut at its limit', async () => {
    const { lines } = await instance.get('/stores/counts/keys?limit=1')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ end: { rows: 1, truncated: true } })
  })

  it('fetches windows', async () => {
    expect((await instance.get('/stores/per-hour/keys/a/windows')).json.rows).toMatchObject([
      { start: 0, value: 1 },
      { start: HOUR, value: 1 },
    ])
    expect((await instance.get(`/stores/per-hour/keys/a/windows?from=${HOUR}`)).json.rows).toHaveLength(1)
    expect((await instance.get(`/stores/per-hour/keys/a/windows/${HOUR}`)).json).toMatchObject({
      start: HOUR,
      value: 1,
    })
    expect((await instance.get('/stores/per-hour/keys/a/windows/5')).json.value).toBeNull()
    const { lines } = await instance.get('/stores/per-hour/windows?keyFrom=a&keyTo=a&to=0')
    expect(lines[0]).toMatchObject({ key: 'a', start: 0, end: HOUR, value: 1 })
    expect(lines).toHaveLength(2)
  })

  it('fetches sessions', async () => {
    const { json } = await instance.get('/stores/sessions/keys/a/sessions')
    expect(json.rows).toEqual([{ start: 1000, end: HOUR + 1, value: 2 }])
    expect((await instance.get(`/stores/sessions/keys/a/sessions/1000/${HOUR + 1}`)).json.value).toBe(2)
    expect((await instance.get(`/stores/sessions/keys/a/sessions?earliestEnd=${HOUR + 2}`)).json.rows).toEqual([])
    expect((await instance.get('/stores/sessions/sessions')).lines).toHaveLength(5)
    expect((await instance.get('/stores/sessions/sessions?earliestEnd=0&latestEnd=1000')).lines).toHaveLength(4)
  })

  it('gives what was valid at a time, and all versions', async () => {
    expect((await instance.get('/stores/price-history/keys/tea')).json).toMatchObject({
      value: 'dear',
      timestamp: 200,
      validTo: null,
    })
    expect((await instance.get('/stores/price-history/keys/tea?asOf=150')).json).toMatchObject({
      value: 'cheap',
      validTo: 200,
    })
    expect((await instance.get('/stores/price-history/keys/tea?asOf=99')).json.value).toBeNull()
    expect((await instance.get('/stores/price-history/keys/tea/versions?reverse=true')).json.rows).toMatchObject([
      { value: 'dear' },
      { value: 'cheap' },
    ])
  })

  it('reads global stores', async () => {
    expect((await instance.get('/stores/all-rates/keys/EUR')).json).toMatchObject({ value: '1.1', partition: -1 })
    expect((await instance.get('/stores/all-rates/keys')).lines).toHaveLength(2)
  })

  it('says which instance has what', async () => {
    const { json } = await instance.get('/metadata')
    const host = `127.0.0.1:${instance.port}`
    expect(json).toMatchObject({ host, state: 'RUNNING', instances: [{ host, rebalancing: false }] })
    expect((await instance.get('/metadata/counts')).json).toMatchObject({ instances: [{ host }] })
    expect((await instance.get('/metadata/nothing')).status).toBe(404)
  })

  it('describes the topology as viewers expect it', async () => {
    const { text: body, headers } = await instance.get('/topology')
    expect(body).toBe(allStores().describe())
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('gives its metrics to Prometheus', async () => {
    const { status, text: body, headers } = await instance.get('/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toMatch(/^kafka_streams_stream_metrics_client_state\{.+\} 2$/m)
    expect(body).toMatch(
      /^kafka_consumer_consumer_fetch_manager_metrics_records_lag\{.+topic="words",partition="1"\} 0$/m,
    )
  })

  it('is alive and ready', async () => {
    expect((await instance.get('/health/live')).json).toMatchObject({ ok: true, reasons: [], state: 'RUNNING' })
    const { status, json } = await instance.get('/health/ready')
    expect(status).toBe(200)
    expect(json).toMatchObject({ ok: true, restoring: [], lag: 0 })
  })

  it('refuses a bound that its records have not reached, for now', async () => {
    const { json } = await instance.get('/stores/counts/keys/a')
    const far = encodeURIComponent(JSON.stringify({ words: { [json.partition as number]: 1000 } }))
    const refused = await instance.get(`/stores/counts/keys/a?atLeast=${far}`)
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('1')
    expect(refused.json.error).toMatchObject({ code: 'STORE_BEHIND', message: expect.stringContaining('1000') })
    const reached = encodeURIComponent(JSON.stringify(json.position))
    expect((await instance.get(`/stores/counts/keys/a?atLeast=${reached}`)).status).toBe(200)
  })

  it.each([
    ['/stores/counts/windows', 'store "counts" is a key-value store: this query is for window stores'],
    [
      '/stores/per-hour/keys/a',
      'store "per-hour" is a window store: this query is for key-value and versioned stores. ' +
        'Ask for its windows: /windows at the end of the path, --windows of millrace query',
    ],
    [
      '/stores/counts/keys/a?asOf=5',
      'store "counts" is a key-value store: only versioned stores are read as of a time',
    ],
  ])('says for what stores %s is', async (path, message) => {
    const { status, json } = await instance.get(path)
    expect({ status, error: json.error }).toEqual({ status: 400, error: { code: 'INVALID_ARGUMENT', message } })
  })

  it.each([
    ['/', 404],
    ['/stores', 404],
    ['/stores/counts', 404],
    ['/stores/nothing/keys/a', 404],
    ['/stores/counts/keys/a/b', 404],
    ['/stores/counts/rows', 404],
    ['/health', 404],
    ['/health/other', 404],
    ['/topology/x', 404],
    ['/metrics/x', 404],
    ['/stores/counts/windows', 400],
    ['/stores/per-hour/keys/a', 400],
    ['/stores/counts/keys/a?asOf=5', 400],
    ['/stores/counts/keys/%ff', 400],
    ['/stores/counts/keys?form=a', 400],
    ['/stores/counts/keys?from=a&from=b', 400],
    ['/stores/counts/keys?prefix=a&from=b', 400],
    ['/stores/counts/keys?limit=0', 400],
    ['/stores/counts/keys?limit=99999', 400],
    ['/stores/counts/keys?partitions=9', 400],
    ['/stores/counts/keys?partitions=x', 400],
    ['/stores/counts/keys?reverse=yes', 400],
    ['/stores/counts/keys?format=xml', 400],
    ['/stores/counts/keys/a?format=bytes&atLeast=x', 400],
    ['/stores/counts/keys/a$?format=bytes', 400],
    ['/stores/counts/keys/a?atLeast={"words":1.5}', 400],
    ['/stores/per-hour/keys/a/windows/soon', 400],
    ['/stores/by-number/keys/x', 400],
  ])('answers %s with %i, as JSON', async (path, status) => {
    const answer = await instance.get(path)
    expect(answer.status).toBe(status)
    expect(answer.json.error!.message).not.toBe('')
    expect(answer.headers['retry-after']).toBeUndefined()
  })
})
