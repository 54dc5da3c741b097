import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { KafkaStreams, serdes, StreamsBuilder, TimeWindows, type Topology, untilWindowCloses } from 'millrace'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { PARTITIONS, partitionOf, START } from '../support/input'
import { startKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'
import { FIRST_TIMESTAMP, visits } from './data'

/**
 * Runs one topology over the same records three times, each in a process of its own, and compares what is in the output topics, byte by byte:
 * as a bounded run; as a service whose windows idle time closes; and as a bounded run that is killed half-way and started again.
 *
 *     npx tsx spec/bench/bounded-and-idle.ts [--records 1000000]
 */
const ROLES = ['bounded', 'idle', 'killed'] as const
type Role = (typeof ROLES)[number]

const text = { key: serdes.string(), value: serdes.string() }

const topologyOf = (role: Role): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('visits', { ...text, ...(role === 'idle' && { idleAfter: '3s' as const }) })
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '10s', grace: '5s' }))
    .count('counts')
    .suppress(untilWindowCloses())
    .toStream()
    .to(`out-${role}`, { key: serdes.timeWindowed(serdes.string(), '10s'), value: serdes.long() })
  return builder.build()
}

/** In a process of its own: tells how far it is, and ends with its run. */
const runAs = async (role: Role, brokers: string[], stateDir: string): Promise<void> => {
  const streams = new KafkaStreams(topologyOf(role), {
    applicationId: role,
    kafka: { brokers },
    stateDir,
    processingGuarantee: 'exactly_once',
    commitInterval: 500,
    // the group forgets a member that was killed
    sessionTimeout: '6s',
    logger: silentLogger,
  })
  if (role === 'idle') {
    process.on('message', () => void streams.close().then(() => process.exit()))
    await streams.start()
    return
  }
  streams.on('runProgress', ({ done, total }) => process.send!({ part: done / total }))
  await streams.run({ final: true })
  process.exit()
}

const produce = async (client: KafkaClient, records: number): Promise<void> => {
  const producer = client.producer({})
  await producer.init()
  await producer.loadTopics(['visits'])
  let appended = 0
  for (const { key, value, timestamp } of visits(records, { everyMs: 1, users: 2000 })) {
    const recent = timestamp - FIRST_TIMESTAMP + START
    producer.append('visits', partitionOf(key!), Buffer.from(key!), Buffer.from(value!), recent, NO_HEADERS)
    if (++appended % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  await producer.close()
}

/** The number of records of a topic, and a digest of their keys, values, timestamps and headers, partition by partition, in order. */
const contentOf = async (client: KafkaClient, topic: string): Promise<{ records: number; digest: string }> => {
  const records = (await readTopics(client, [topic])).get(topic)!
  const hashes = Array.from({ length: PARTITIONS }, () => createHash('sha256'))
  for (const { partition, ...record } of records) hashes[partition]!.update(`${JSON.stringify(record)}\n`)
  return { records: records.length, digest: hashes.map((hash) => hash.digest('hex').slice(0, 16)).join(' ') }
}

const main = async (records: number): Promise<void> => {
  const cluster = await startKafka()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bounded-'))
  const brokers = cluster.bootstrapServers.split(',')
  const client = connect({ brokers }, { clientId: 'bounded-and-idle', logger: silentLogger })
  const children = new Set<ChildProcess>()
  const start = (role: Role): ChildProcess => {
    const child = fork(__filename, ['--role', role, '--brokers', brokers.join(), '--state-dir', join(folder, role)])
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }
  const ended = async (child: ChildProcess): Promise<void> => {
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`a run has ended with ${code}`)
  }
  try {
    await createTopics(client, ['visits', ...ROLES.map((role) => `out-${role}`)])
    await produce(client, records)
    console.log(`${records.toLocaleString('en')} records in ${PARTITIONS} partitions`)

    let since = performance.now()
    const took = (what: string): void => {
      console.log(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s`)
      since = performance.now()
    }
    await ended(start('bounded'))
    took('bounded run')
    const bounded = await contentOf(client, 'out-bounded')

    since = performance.now()
    const service = start('idle')
    while ((await contentOf(client, 'out-idle')).records < bounded.records) await sleep(1000)
    service.send('close')
    await ended(service)
    took('service, until idle time has closed its last window')

    const killed = start('killed')
    let reached = 0
    await new Promise<void>((resolve, reject) => {
      killed.on('message', ({ part }: { part: number }) => {
        if (part < 0.4 || killed.killed) return
        reached = part
        killed.kill('SIGKILL')
      })
      killed.once('exit', (code) =>
        code === null ? resolve() : reject(new Error('the run was over before it was killed')),
      )
    })
    took(`bounded run, killed at ${Math.round(reached * 100)} %`)
    await ended(start('killed'))
    took('the rest of it')

    const contents = await Promise.all(ROLES.map((role) => contentOf(client, `out-${role}`)))
    for (const [i, { records, digest }] of contents.entries()) console.log(`${ROLES[i]}: ${records} records, ${digest}`)
    if (contents.some(({ digest }) => digest !== bounded.digest)) throw new Error('the outputs differ')
    console.log('the outputs are equal')
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await client.close()
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    role: { type: 'string' },
    brokers: { type: 'string', default: '' },
    'state-dir': { type: 'string', default: '' },
  },
})
const work =
  values.role === undefined
    ? main(Number(values.records))
    : runAs(values.role as Role, values.brokers.split(','), values['state-dir'])
work.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
