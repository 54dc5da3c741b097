import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { SessionWindows } from '../../../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../../lib/serdes'
import { versionedKeyValueStore } from '../../../../lib/state/versioned/versioned-key-value-store'
import { CommandLine } from '../../../support/command-line-interface'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { QueryInstance } from '../../../support/query-instances'

const text = { key: serdes.string(), value: serdes.string() }
const TIME = Date.parse('2026-01-31T08:00:00Z')
const HOUR = 3_600_000

const topology = () => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text).groupByKey()
  words.count('counts')
  words.windowedBy(TimeWindows.of({ size: '1h' })).count('per-hour')
  words.windowedBy(SessionWindows.of({ inactivityGap: '1m' })).count('sessions')
  builder.table('prices', text, versionedKeyValueStore('prices', { ...text, historyRetention: '1d' }))
  return builder.build()
}

describe('millrace query', () => {
  let apps: EmbeddedApps
  let instance: QueryInstance
  let address: string
  const cli = new CommandLine()

  beforeAll(async () => {
    apps = new EmbeddedApps({ words: 2, prices: 1 })
    const make = (config: object) => apps.create(topology(), config)
    instance = await QueryInstance.create(make, {
      prefix: '/millrace',
      authorize: ({ headers }) => headers['x-key'] === 'a, b',
    })
    address = `127.0.0.1:${instance.port}/millrace`
    await instance.streams.start()
    await apps.kafka.produce('words', [
      { key: 'apple', value: 'x', timestamp: TIME },
      { key: 'apple', value: 'x', timestamp: TIME + HOUR },
      { key: 'pear', value: 'x', timestamp: TIME },
    ])
    await apps.kafka.produce('prices', [
      { key: 'tea', value: 'cheap', timestamp: TIME },
      { key: 'tea', value: 'dear', timestamp: TIME + HOUR },
    ])
    await until(async () => (await apps.committed('words', 0)) + (await apps.committed('words', 1)) >= 3)
    await until(async () => (await apps.committed('prices', 0)) >= 2)
  })
  afterAll(async () => {
    await instance.close()
    await apps.close()
  })

  const run = (...args: string[]) => cli.run('query', address, ...args, '--header', 'x-key: a, b')
  const rows = async (...args: string[]): Promise<unknown> =>
    (await cli.json<{ rows: unknown }>('query', `http://${address}/`, ...args, '--header', 'x-key: a, b')).rows

  it('reads a key', async () => {
    expect(await run('counts', 'apple')).toEqual({
      code: 0,
      out: 'VALUE  TIME\n2      2026-01-31T09:00:00.000Z\n',
      err: '',
    })
    expect(await rows('counts', 'apple')).toEqual([{ value: 2, timestamp: TIME + HOUR }])
  })

  it('lists a store, or a part of it', async () => {
    const { out } = await run('counts')
    expect(out.split('\n').sort()).toEqual([
      '',
      'KEY    VALUE  TIME',
      'apple  2      2026-01-31T09:00:00.000Z',
      'pear   1      2026-01-31T08:00:00.000Z',
    ])
    expect(await rows('counts', '--prefix', 'pe')).toMatchObject([{ key: 'pear' }])
    expect(await rows('counts', '--key-to', 'b')).toMatchObject([{ key: 'apple' }])
    const { out: one, err } = await run('counts', '--limit', '1')
    expect(one.split('\n')).toHaveLength(3)
    expect(err).toBe('There are more: raise --limit, or narrow the range.\n')
  })

  it('reads windows and sessions', async () => {
    expect(await rows('per-hour', 'apple', '--windows', '--reverse')).toMatchObject([
      { start: TIME + HOUR, value: 1 },
      { start: TIME, value: 1 },
    ])
    const early = ['--time-to', '2026-01-31T08:30:00Z']
    expect(await rows('per-hour', '--windows', ...early, '--key-to', 'b')).toMatchObject([
      { key: 'apple', start: TIME },
    ])
    expect((await run('sessions', 'apple', '--sessions')).out).toMatch(/^START +END +VALUE\n2026-01-31T08:00:00.000Z/)
    expect(await rows('sessions', '--sessions', '--time-from', String(TIME + 1))).toMatchObject([{ key: 'apple' }])
  })

  it('reads what a versioned store had', async () => {
    expect(await rows('prices', 'tea', '--as-of', '2026-01-31T08:30:00Z')).toMatchObject([{ value: 'cheap' }])
    expect(await rows('prices', 'tea', '--versions')).toHaveLength(2)
  })

  it('reads the partitions that it is given', async () => {
    const inEach = await Promise.all(
      ['0', '1', '0,1'].map((n) => rows('counts', '--partitions', n) as Promise<unknown[]>),
    )
    expect([...inEach[0]!, ...inEach[1]!]).toEqual(inEach[2])
    expect(inEach[2]).toHaveLength(2)
    const partition = JSON.stringify(inEach[0]).includes('apple') ? 0 : 1
    expect(await rows('counts', 'apple', '--partitions', String(partition))).toEqual([
      { value: 2, timestamp: TIME + HOUR },
    ])
    expect(await run('counts', 'apple', '--partitions', String(1 - partition))).toMatchObject({
      code: 1,
      err: expect.stringContaining("store 'counts' has nothing for key 'apple'") as string,
    })
    expect(await run('counts', '--partitions', 'all')).toMatchObject({
      code: 1,
      err: expect.stringContaining('partitions are numbers with commas between them') as string,
    })
  })

  it('reads with the isolation that it is given', async () => {
    const committed = ['counts', 'apple', '--isolation', 'committed']
    await until(async () => (await run(...committed)).code === 0)
    await until(async () => (await run(...committed)).out.startsWith('VALUE  TIME\n2 '))
    expect(await run('counts', 'apple', '--isolation', 'dirty')).toMatchObject({
      code: 2,
      err: expect.stringContaining('give latest or committed'),
    })
  })

  it('fails with what the instance says', async () => {
    expect(await run('counts', 'plum')).toMatchObject({
      code: 1,
      err: expect.stringContaining("store 'counts' has nothing for key 'plum'"),
    })
    expect(await run('nothing')).toMatchObject({ code: 1, err: expect.stringContaining('UNKNOWN_STORE') })
    expect(await run('per-hour', 'apple')).toMatchObject({ code: 1, err: expect.stringContaining('"per-hour"') })
    expect(await cli.run('query', address, 'counts')).toMatchObject({
      code: 1,
      err: expect.stringContaining('NOT_AUTHORIZED'),
    })
  })

  it.each([
    [['localhost:1', 'counts'], 1, 'INSTANCE_UNREACHABLE'],
    [['not an address', 'counts'], 2, 'is no address of an instance'],
    [['localhost:1', 'counts', '--versions'], 2, 'need a key'],
    [['localhost:1', 'counts', 'a', '--prefix', 'b'], 2, 'a key excludes'],
    [['localhost:1', 'counts', '--prefix', 'b', '--key-to', 'c'], 2, '--prefix excludes'],
    [['localhost:1', 'counts', 'a', '--windows', '--sessions'], 2, 'give one of'],
    [['localhost:1', 'per-hour', '--windows', '--prefix', 'a'], 2, '--prefix is for key-value stores'],
    [['localhost:1', 'per-hour', 'a', '--time-from', '5'], 2, '--time-from and --time-to need --windows'],
    [['localhost:1', 'per-hour', '--time-to', '5'], 2, '--time-from and --time-to need --windows'],
    [['localhost:1', 'counts', '--header', 'x'], 2, "give 'name: value'"],
    [['localhost:1', 'counts', '--ca', 'missing.pem'], 2, '--ca: there is no file '],
  ])('fails with %j', async (args, code, message) => {
    const outcome = await cli.run('query', ...args)
    expect(outcome).toMatchObject({ code, out: '', err: expect.stringContaining(message) })
  })

  describe('of something else', () => {
    let server: Server
    let respond: (body: string) => { status: number; body: string }

    beforeAll(async () => {
      server = createServer((_, response) => {
        const { status, body } = respond('')
        response.writeHead(status).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    })
    afterAll(() => new Promise((resolve) => server.close(resolve)))

    it.each([
      [404, '<html>', 'status 404, and not as millrace/http does'],
      [200, '<html>', 'not as millrace/http does'],
      [200, '{"key":"a","value":1}\n', 'the answer ended too early'],
      [200, '{"key":"a","start":0,"end":60000,"value":1}\n', 'the answer ended too early'],
      [200, '{"error":{"code":"STORE_NOT_AVAILABLE","message":"moved"}}\n', 'moved'],
    ])('fails with status %d and %j', async (status, body, message) => {
      respond = () => ({ status, body })
      const { port } = server.address() as AddressInfo
      expect(await cli.run('query', `localhost:${port}`, 'counts')).toMatchObject({
        code: 1,
        err: expect.stringContaining(message),
      })
    })
  })

  it('asks over TLS', async () => {
    const pem = (name: string) => join(__dirname, '../../../support/tls', name)
    const tls = { key: readFileSync(pem('key.pem')), cert: readFileSync(pem('certificate.pem')) }
    const make = (config: object) => apps.create(topology(), { ...config, applicationId: 'secure' })
    const secure = await QueryInstance.create(make, {}, tls)
    await secure.streams.start()
    try {
      const ask = (...more: string[]) => cli.run('query', `https://127.0.0.1:${secure.port}`, 'counts', ...more)
      await until(async () => (await ask('--ca', pem('certificate.pem'))).out.includes('apple'))
      expect(await ask()).toMatchObject({ code: 1, err: expect.stringContaining('self-signed') })
    } finally {
      await secure.close()
    }
  })
})
