import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { serdes, StreamsBuilder } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import type { Input, InputRecord } from '../workload'
import { WORKLOADS } from './index'

const java = join(__dirname, '..', 'java')
const RECORDS = 600
const texts = { key: serdes.string(), value: serdes.string() }

const everyRecord = (inputs: readonly Input[]): InputRecord[][] => inputs.map(({ records }) => [...records()])

it('has every row once', () => {
  expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length)
})

describe.each(WORKLOADS.map((workload) => [workload.name, workload] as const))('the workload %s', (_, workload) => {
  it('has a counterpart in Java', () => {
    expect([java, join(java, 'avro')].some((folder) => existsSync(join(folder, `${workload.java}.java`)))).toBe(true)
  })

  it('generates the same records at every call, by time where the run does not set it', () => {
    const inputs = workload.inputs(RECORDS)
    expect(everyRecord(inputs)).toEqual(everyRecord(workload.inputs(RECORDS)))
    for (const { records, perSecond } of inputs) {
      expect([...records()].filter(({ timestamp }) => !(timestamp > 0))).toEqual([])
      if (workload.run.kind === 'paced') expect(perSecond).toBeGreaterThan(0)
    }
  })

  it('has a topology that runs', async () => {
    const builder = new StreamsBuilder()
    workload.build(builder, { topic: (name) => name, partitions: 4, registry: `mock://bench-${workload.name}` })
    const driver = new TopologyTestDriver(builder.build(), { applicationId: 'bench' })
    await driver.close()
  })
})

const expecting = WORKLOADS.filter(({ expected }) => expected !== undefined)

it.each(expecting.map((workload) => [workload.name, workload] as const))(
  'expects of %s what it gives',
  async (_, workload) => {
    const builder = new StreamsBuilder()
    workload.build(builder, { topic: (name) => name, partitions: 1, registry: '' })
    const driver = new TopologyTestDriver(builder.build(), { applicationId: 'bench' })
    try {
      for (const { name, records } of workload.inputs(RECORDS)) {
        const topic = driver.inputTopic(name, texts)
        for (const { key, value, timestamp } of records()) await topic.pipe(key, value.toString(), timestamp)
      }
      const out = driver.outputTopic('out', texts).readKeyValuesToMap()
      expect(out.size).toBeGreaterThan(0)
      expect(out).toEqual(workload.expected!(RECORDS))
    } finally {
      await driver.close()
    }
  },
)
