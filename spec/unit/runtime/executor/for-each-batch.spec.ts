import { untilWindowCloses } from '../../../../lib/dsl/suppressed'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import type { BatchAction } from '../../../../lib/operators/batch/batch'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const VALUES = Array.from({ length: 200 }, (_, i) => String(i))

describe.each(['at_least_once', 'exactly_once'] as const)('batches with %s', (processingGuarantee) => {
  let apps: EmbeddedApps
  /** The values of every call, by the batch's id. */
  let calls: Map<string, string[][]>

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 2 })
    calls = new Map()
  })
  afterEach(() => apps.close())

  const topology = (size: number, onCall: BatchAction<string, string> = () => {}): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('in', text).forEachBatch(
      async (records, batch) => {
        calls.set(batch.id, [...(calls.get(batch.id) ?? []), records.map(({ value }) => value)])
        await onCall(records, batch)
      },
      { name: 'write', size, interval: 10 },
    )
    return builder.build()
  }

  const produce = (): Promise<void> =>
    apps.kafka.produce(
      'in',
      VALUES.map((value, i) => ({ key: value, value, partition: i % 2 })),
    )

  it('continue where the last instance has failed: a batch that is repeated has the same records', async () => {
    await produce()
    let count = 0
    const failing = apps.create(
      topology(7, () => {
        if (++count % 4 === 0) throw new Error('the database is down')
      }),
      { processingGuarantee },
    )
    const failed = failureOf(failing)
    await failing.start().catch(() => {})
    expect(await failed).toMatchObject({ code: 'CALL_FAILED' })

    // elsewhere: there is no more than its changelog
    await apps.create(topology(13), { processingGuarantee, stateDir: apps.stateDir('b') }).run()
    for (const lists of calls.values()) for (const list of lists) expect(list).toEqual(lists[0])
    const written = [...calls.values()].flatMap(([list]) => list!)
    if (processingGuarantee === 'exactly_once') expect(written.sort()).toEqual([...VALUES].sort())
    else expect(new Set(written)).toEqual(new Set(VALUES))
  })

  it('are called when their bounds are committed', async () => {
    await produce()
    const offsets: Promise<number>[] = []
    const last = ({ offsets: [range] }: { offsets: readonly { partition: number; last: number }[] }): number =>
      range!.last
    const needed: number[] = []
    const check: BatchAction<string, string> = (_, batch) => {
      needed.push(last(batch))
      offsets.push(apps.committed('in', batch.offsets[0]!.partition))
    }
    await apps.create(topology(7, check), { processingGuarantee }).run()
    if (processingGuarantee === 'exactly_once') {
      const committed = await Promise.all(offsets)
      for (const [i, offset] of committed.entries()) expect(offset).toBeGreaterThan(needed[i]!)
    }
    expect(needed.length).toBeGreaterThan(0)
  })

  it('that are not full are written at the end of a bounded run, which does not wait for the interval', async () => {
    await produce()
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .mapValuesAsync(async (value) => value)
      .repartition({ ...text, name: 'again', partitions: 2 })
      .forEachBatch((records, { id }) => void calls.set(id, [records.map(({ value }) => value)]), {
        size: 1000,
        interval: '1h',
      })
    await apps.create(builder.build(), { processingGuarantee }).run()
    expect([...calls.values()].flatMap(([list]) => list!).sort()).toEqual([...VALUES].sort())
    // nothing more could have come into either
    expect(calls.size).toBe(2)
  })

  it('have the windows that a final run closes', async () => {
    await produce()
    const builder = new StreamsBuilder()
    const counts: (number | null)[] = []
    builder
      .stream('in', text)
      .groupByKey(text)
      .windowedBy(TimeWindows.of({ size: '1s' }))
      .count({ store: 'counts' })
      .suppress(untilWindowCloses())
      .toStream()
      .forEachBatch((records) => void counts.push(...records.map(({ value }) => value)), {
        interval: '1h',
        pending: { key: serdes.json(), value: serdes.long() },
      })
    await apps.create(builder.build(), { processingGuarantee }).run({ final: true })
    expect(counts).toEqual(VALUES.map(() => 1))
  })
})
