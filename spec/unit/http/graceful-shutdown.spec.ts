import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { gracefulShutdown, listen } from '../../../lib/http'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { EmbeddedApps, failureOf, until } from '../../support/embedded-apps'
import { httpGet } from '../../support/query-instances'

const table = (onRow: () => void = () => {}) => {
  const builder = new StreamsBuilder()
  const text = { key: serdes.string(), value: serdes.string() }
  builder.stream('rows', text).peek(onRow).groupByKey().count('counts')
  return builder.build()
}

describe('gracefulShutdown', () => {
  let apps: EmbeddedApps
  let streams: KafkaStreams
  let server: Server
  let release: (() => void) | undefined

  beforeEach(() => {
    apps = new EmbeddedApps({ rows: 1 })
    release = undefined
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await apps.close()
  })

  const start = async (onRow?: () => void, authorize?: () => Promise<boolean>): Promise<void> => {
    streams = apps.create(table(onRow))
    await streams.start()
    server = await listen(streams, { port: 0, ...(authorize ? { authorize } : {}) })
  }
  const port = (): number => (server.address() as AddressInfo).port
  const ask = (path: string) => httpGet({ port: port(), path })

  it('finishes the requests that the server has, and then closes the instance', async () => {
    const order: string[] = []
    await start(undefined, () => new Promise((resolve) => (release = () => resolve(true))))
    streams.on('stateChange', ({ to }) => order.push(to))
    const { shutdown, done } = gracefulShutdown(streams, { server })
    const answer = ask('/stores/counts/keys/a')
    await until(() => release !== undefined)
    const asked = port()
    const ending = shutdown()
    expect(shutdown()).toBe(ending)
    await until(() => !server.listening)
    await expect(once(connect(asked, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(streams.state).toBe('RUNNING')
    release!()
    expect((await answer).status).toBe(200)
    expect(await done).toBe(true)
    expect(order).toEqual(['PENDING_SHUTDOWN', 'NOT_RUNNING'])
  })

  it('cuts requests that never end, and says so', async () => {
    await start(undefined, () => new Promise((resolve) => (release = () => resolve(true))))
    const answer = ask('/stores/counts/keys/a')
    const cut = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })
    await until(() => release !== undefined)
    expect(await gracefulShutdown(streams, { server, timeout: '2s' }).shutdown()).toBe(false)
    await cut
    expect(streams.state).toBe('NOT_RUNNING')
  })

  it('is not ready any longer while it still answers, for the time that a load balancer needs', async () => {
    await start()
    const { shutdown, cancel } = gracefulShutdown(streams, { server, delay: '4s' })
    expect((await ask('/health/ready')).status).toBe(200)
    const ending = shutdown()
    const { status, json } = await ask('/health/ready')
    expect(status).toBe(503)
    expect(json.reasons).toEqual(['it is shutting down'])
    expect((await ask('/health/live')).status).toBe(200)
    expect((await ask('/stores/counts/keys/a')).status).toBe(200)
    expect(await ending).toBe(true)
    cancel()
  })

  it('begins with a signal, and listens to none afterwards', async () => {
    await start()
    const before = process.listenerCount('SIGUSR2')
    const { done } = gracefulShutdown(streams, { server, signals: ['SIGUSR2'] })
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1)
    process.emit('SIGUSR2')
    expect(await done).toBe(true)
    expect(process.listenerCount('SIGUSR2')).toBe(before)
  })

  it('closes the server of an instance that fails, so that the process ends', async () => {
    await start(() => {
      throw new Error('no such row')
    })
    gracefulShutdown(streams, { server, signals: ['SIGUSR2'] })
    const failed = failureOf(streams)
    const closed = once(server, 'close')
    await apps.kafka.produce('rows', [{ key: 'a', value: 'b' }])
    expect((await failed).code).toBe('PROCESSING_FAILED')
    await closed
    expect(streams.health().live).toMatchObject({ ok: false, reasons: [expect.stringContaining('ERROR')] })
    expect(process.listenerCount('SIGUSR2')).toBe(0)
  })

  it('commits and closes the instance when the server can not be closed, and rejects with its error then', async () => {
    await start()
    const failure = new Error('a hook of the server failed')
    const { shutdown, done } = gracefulShutdown(streams, { server: () => Promise.reject(failure) })
    const told = expect(done).rejects.toBe(failure)
    await expect(shutdown()).rejects.toBe(failure)
    await told
    expect(streams.state).toBe('NOT_RUNNING')
  })

  it('logs that the server of an instance that failed can not be closed', async () => {
    const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() }
    streams = apps.create(
      table(() => {
        throw new Error('no such row')
      }),
      { logger },
    )
    await streams.start()
    server = await listen(streams, { port: 0 })
    const failure = new Error('a hook of the server failed')
    const asked = new Promise<void>((resolve) => {
      gracefulShutdown(streams, {
        server: () => {
          resolve()
          throw failure
        },
      })
    })
    const failed = failureOf(streams)
    await apps.kafka.produce('rows', [{ key: 'a', value: 'b' }])
    expect((await failed).code).toBe('PROCESSING_FAILED')
    await asked
    await until(() => logger.error.mock.calls.some(([, message]) => message === 'the server could not be closed'))
    expect(logger.error).toHaveBeenCalledWith({ err: failure }, 'the server could not be closed')
  })

  it('closes a server of another kind by its function', async () => {
    await start()
    const calls: string[] = []
    streams.on('stateChange', ({ to }) => calls.push(to))
    await gracefulShutdown(streams, { server: async () => void calls.push('closed') }).shutdown()
    expect(calls).toEqual(['closed', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
  })
})
