import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { type HandlerOptions, listen } from '../../../lib/http'
import * as serdes from '../../../lib/serdes'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { QueryInstance } from '../../support/query-instances'

const pem = (name: string): Buffer => readFileSync(join(__dirname, '../../support/tls', name))
const key = pem('key.pem')
const cert = pem('certificate.pem')
const SERVER = { key, cert }

const table = () => {
  const builder = new StreamsBuilder()
  builder.table('rows', { key: serdes.string(), value: serdes.string() }, 'rows')
  return builder.build()
}

describe('instances that listen with TLS', () => {
  let apps: EmbeddedApps
  let instances: QueryInstance[]

  beforeEach(async () => {
    apps = new EmbeddedApps({ rows: 2 })
    instances = []
    await apps.kafka.produce('rows', [
      { key: 'a', value: 'in 0', partition: 0 },
      { key: 'a', value: 'in 1', partition: 1 },
    ])
  })
  afterEach(async () => {
    await Promise.all(instances.map((each) => each.close()))
    await apps.close()
  })

  const start = async (options: HandlerOptions, tls: object = SERVER): Promise<void> => {
    for (const name of ['one', 'two']) {
      const make = (config: object) => apps.create(table(), { ...config, stateDir: apps.stateDir(name) })
      instances.push(await QueryInstance.create(make, options, tls))
    }
    await Promise.all(instances.map(({ streams }) => streams.start()))
    const hasOneTask = ({ streams }: QueryInstance): boolean =>
      streams.state === 'RUNNING' &&
      streams.metadataForLocalTasks().length === 1 &&
      !streams.allMetadata()[0]!.rebalancing
    await until(() => instances.every(hasOneTask))
  }

  const rowsOf = async ({ streams }: QueryInstance, tls: object | boolean): Promise<unknown[]> => {
    const rows = []
    for await (const [, value] of streams.query('rows', { peers: { tls } }).all())
      rows.push((value as { value: unknown }).value)
    return rows.sort()
  }

  it('ask each other over TLS, with the CA that they were given', async () => {
    await start({ peers: { tls: { ca: cert } } })
    for (const each of instances) {
      await until(async () => (await rowsOf(each, { ca: cert })).length === 2)
      expect(await rowsOf(each, { ca: cert })).toEqual(['in 0', 'in 1'])
      const { lines } = await each.get('/stores/rows/keys', { ca: cert })
      expect(lines).toHaveLength(3)
    }
  })

  it('trust no other', async () => {
    await start({})
    await expect(rowsOf(instances[0]!, true)).rejects.toMatchObject({
      code: 'INSTANCE_UNREACHABLE',
      message: expect.stringMatching(/self-signed certificate/),
    })
  })

  it('let in only who has a certificate, where they ask for one', async () => {
    await start({}, { ...SERVER, ca: cert, requestCert: true })
    await expect(rowsOf(instances[0]!, { ca: cert })).rejects.toMatchObject({ code: 'INSTANCE_UNREACHABLE' })
    expect(await rowsOf(instances[0]!, { ca: cert, key, cert })).toEqual(['in 0', 'in 1'])
  })

  it('is what listen does with tls, and authorize sees the certificate of who asks', async () => {
    const streams = apps.create(table(), { stateDir: apps.stateDir('one') })
    const server = await listen(streams, {
      port: 0,
      tls: { ...SERVER, ca: cert, requestCert: true },
      authorize: ({ socket }) => (socket as TLSSocket).getPeerCertificate().subject.CN === 'localhost',
    })
    const { port } = server.address() as AddressInfo
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/health/live', ca: cert, key, cert, agent: false as const }
      get(options, (response) => resolve(response.resume().statusCode)).once('error', reject)
    })
    expect(status).toBe(200)
    await new Promise((resolve) => server.close(resolve))
    await streams.close()
  })
})
