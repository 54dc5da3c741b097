import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams } from 'millrace'
import { EmbeddedKafka } from 'millrace/embedded'
import { TopologyTestDriver } from 'millrace/testing'
import { gracefulShutdown, listen } from 'millrace/http'
import { countVisits, visitsPerPage } from '../../examples/12-queries/topology'
import { visitsApi, written } from '../../examples/12-queries/visits-api'
import { until } from '../support/embedded-apps'
import { freePort } from '../support/kafka/ports'
import { httpGet } from '../support/query-instances'

test('12-queries answers for all pages, whichever copy is asked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-queries-'))
  const kafka = new EmbeddedKafka({ topics: { visits: 2, 'page-visits': 2 } })
  const start = async (name: string): Promise<{ streams: KafkaStreams; server: Server; port: number }> => {
    const port = await freePort()
    const streams = new KafkaStreams(countVisits(), {
      applicationId: 'queries',
      kafka,
      stateDir: join(folder, name),
      applicationServer: `127.0.0.1:${port}`,
      commitInterval: 20,
      heartbeatInterval: 50,
      logLevel: 'silent',
    })
    const server = await listen(streams, { port })
    await streams.start()
    return { streams, server, port }
  }
  const copies = [await start('a'), await start('b')]
  const pages = Array.from({ length: 20 }, (_, i) => `/page-${i}`)
  await kafka.produce(
    'visits',
    pages.flatMap((page) => [{ value: page }, { value: page }]),
  )
  const isSpread = (): boolean => copies.every(({ streams }) => streams.metadataForLocalTasks().length === 2)
  const isCounted = async (): Promise<boolean> => {
    try {
      const counted = await Promise.all(copies.map(({ streams }) => streams.query(visitsPerPage).all().toArray()))
      return counted.every((rows) => rows.length === pages.length && rows.every(([, visits]) => visits === 2))
    } catch {
      return false // tasks are moving
    }
  }
  await until(async () => isSpread() && (await isCounted()))
  for (const { port } of copies) {
    for (const page of pages) {
      const path = `/stores/visits-per-page/keys/${encodeURIComponent(page)}`
      expect((await httpGet({ port, path })).json).toMatchObject({ value: 2, stale: false })
    }
  }
  for (const { streams, server } of copies) expect(await gracefulShutdown(streams, { server }).shutdown()).toBe(true)
  await kafka.close()
  rmSync(folder, { recursive: true, force: true })
})

test('12-queries writes what is posted to the topic that the topology reads, and leaves the rest to the queries', async () => {
  const driver = new TopologyTestDriver(countVisits())
  const api = visitsApi(
    driver.producer({ topics: written }),
    async (_request, response) => void response.end('a query'),
  )
  const server = createHttpServer((request, response) => void api(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const post = async (body: string): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${url}/visits`, { method: 'POST', body, headers: { 'x-visitor': 'ann' } })
    return { status: response.status, body: await response.json() }
  }
  expect(await post('home')).toEqual({ status: 201, body: { partition: 0, offset: 0 } })
  expect(await post('home')).toEqual({ status: 201, body: { partition: 0, offset: 1 } })
  expect(await post('')).toMatchObject({ status: 400 })
  expect(driver.store(visitsPerPage).get('home')).toBe(2)
  expect(await (await fetch(`${url}/metadata`)).text()).toBe('a query')
  await driver.close()
  expect(await post('home')).toEqual({ status: 500, body: { error: 'ILLEGAL_STATE' } })
  server.closeAllConnections()
  server.close()
})
