import { get, type IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import type { CountsApp } from '../support/apps/counts'
import { until } from '../support/embedded-apps'
import { feed, START } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { bundled } from '../support/bundled'
import { App } from '../support/process'
import { httpGet } from '../support/query-instances'
import { createTopics } from '../support/topics'

const KEYS = ['a', 'b', 'c']
const PATIENCE_MS = 120_000

/** What was committed last, as somebody outside sees it: a value that goes back was rolled back. */
class Seen {
  readonly counts = new Map<string, number>(KEYS.map((key) => [key, 0]))
  changes = 0
  readonly backwards: string[] = []

  read(key: string, value: number): void {
    const before = this.counts.get(key)!
    if (value < before) this.backwards.push(`${key} was read as ${value} after ${before}`)
    this.counts.set(key, Math.max(before, value))
  }

  reached(count: number): boolean {
    return [...this.counts.values()].every((value) => value >= count)
  }
}

describeWithKafka('committed reads and changes of an instance that is killed', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  const topic = `committed-${Math.random().toString(36).slice(2, 8)}`
  const apps: App[] = []
  let folder: string
  let client: KafkaClient

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-committed-'))
    client = connect(kafka, { clientId: 'committed-test', logger: silentLogger })
    await createTopics(client, [topic])
  })
  afterAll(async () => {
    await Promise.all(apps.filter((app) => app.running).map((app) => app.kill()))
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** As a static member, which takes the place of the one before at once. */
  const start = async (): Promise<{ app: App; port: number }> => {
    const settings: CountsApp = {
      topic,
      msPerRecord: 3,
      config: {
        applicationId: topic,
        kafka,
        stateDir: folder,
        processingGuarantee: 'exactly_once',
        groupInstanceId: 'counts',
        commitInterval: 100,
        sessionTimeout: 30_000,
        heartbeatInterval: 500,
        producer: { linger: 1 },
      },
    }
    const file = bundled(resolve(__dirname, '../support/apps/counts.ts'))
    const app = new App(file, { env: { COUNTS: JSON.stringify(settings) } })
    apps.push(app)
    const [, port] = await app.untilOutput(/answers at (\d+)\./, PATIENCE_MS)
    return { app, port: Number(port) }
  }

  const write = (each: number): Promise<void> =>
    feed(
      client,
      Array.from({ length: each }, (_, i) =>
        KEYS.map((key) => ({ topic, key, value: '', timestamp: START + i, headers: NO_HEADERS })),
      ).flat(),
      (name) => name,
    )

  /** Resolves when the subscription has begun. */
  const subscribe = async (port: number, seen: Seen): Promise<void> => {
    const response = await new Promise<IncomingMessage>((resolved, rejected) => {
      get({ host: '127.0.0.1', port, path: '/stores/counts/changes', agent: false }, resolved).once('error', rejected)
    })
    expect(response.statusCode).toBe(200)
    let rest = ''
    await new Promise<void>((begun) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop()!
        for (const block of blocks) {
          if (block.includes('event: start\n')) begun()
          const [, json] = /^event: change\ndata: (.*)$/m.exec(block) ?? []
          if (json === undefined) continue
          const { key, value } = JSON.parse(json) as { key: string; value: number }
          // another change with the same count would be one that was made again
          if (value === seen.counts.get(key)) seen.backwards.push(`${key} was ${value} twice`)
          seen.read(key, value)
          seen.changes++
        }
      })
      response.once('error', () => {})
    })
  }

  const readCommitted = async (port: number, seen: Seen): Promise<void> => {
    for (const key of KEYS) {
      const { json, status } = await httpGet({ port, path: `/stores/counts/keys/${key}?isolation=committed` })
      if (status === 200) seen.read(key, (json['value'] as number | null) ?? 0)
    }
  }

  it('never show what is rolled back, and continue with its successor where they were', async () => {
    const [changes, reads] = [new Seen(), new Seen()]
    const first = await start()
    await subscribe(first.port, changes)
    await write(200)
    await until(async () => {
      await readCommitted(first.port, reads)
      return changes.changes > 60 && reads.reached(10)
    })
    await first.app.kill()

    const second = await start()
    await subscribe(second.port, changes)
    await write(20)
    await until(async () => {
      await readCommitted(second.port, reads)
      return reads.reached(220) && changes.reached(220)
    })
    expect({ changes: changes.backwards, reads: reads.backwards }).toEqual({ changes: [], reads: [] })
    expect([...reads.counts.values(), ...changes.counts.values()]).toEqual(Array(6).fill(220))
  })
})
