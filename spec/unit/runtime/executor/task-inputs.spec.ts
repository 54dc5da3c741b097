import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { ClientError, type Admin, type FetchedPartition, type KafkaClient } from '../../../../lib/kafka/port'
import { silentLogger } from '../../../../lib/observe/logger'
import { TaskInputs, type TaskInputsOptions } from '../../../../lib/runtime/executor/task-inputs'
import { NO_HEADERS } from '../../../../lib/record/headers'
import { pause } from '../../../../lib/runtime/pause'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

describe('an input topic', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 2, out: 1 })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await apps.close()
  })

  const copying = (): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('lines', text).to('out', text)
    return builder.build()
  }
  const produce = (partition: number, ...values: string[]): Promise<void> =>
    apps.kafka.produce(
      'lines',
      values.map((value) => ({ value, partition })),
    )
  const committed = async (partition: number): Promise<number | undefined> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get(`lines-${partition}`)?.offset
  /** Those that a reader of committed records sees. */
  const outputs = async (): Promise<(string | null)[]> => (await apps.kafka.read('out')).map(({ value }) => value)

  const createAgain = async (): Promise<void> => {
    await apps.kafka.client().admin().deleteTopics(['lines'])
    await apps.kafka.createTopic('lines', 2)
  }
  /** As after an unclean election: the log ends before the offsets that the group has committed. */
  const truncate = async (): Promise<void> => {
    jest.spyOn(apps.kafka['cluster'].groups, 'forgetTopic').mockReturnValue()
    await createAgain()
  }

  describe.each(['at_least_once', 'exactly_once'] as const)('with %s', (processingGuarantee) => {
    it.each([
      ['is deleted and created again', createAgain],
      ['is truncated', truncate],
    ])('that %s while the application runs is processed, and its lower offsets are committed', async (_, change) => {
      const app = apps.create(copying(), { processingGuarantee })
      await app.start()
      await produce(0, 'a', 'b', 'c')
      await until(async () => (await committed(0)) === 3)

      await change()
      await produce(0, 'd')
      await until(async () => (await committed(0)) === 1)
      await produce(0, 'e')
      await until(async () => (await committed(0)) === 2)
      expect(await outputs()).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(app.state).toBe('RUNNING')
    })

    it('that is truncated to nothing has that committed, so that the next instance starts there', async () => {
      const app = apps.create(copying(), { processingGuarantee })
      await app.start()
      await produce(0, 'a', 'b', 'c')
      await produce(1, 'x')
      await until(async () => (await committed(0)) === 3 && (await committed(1)) === 1)
      await truncate()
      await until(async () => (await committed(0)) === 0 && (await committed(1)) === 0)
      await app.close()

      const next = apps.create(copying(), { processingGuarantee, autoOffsetReset: 'none' })
      await produce(0, 'd')
      await next.start()
      await until(async () => (await committed(0)) === 1)
      expect((await outputs()).sort()).toEqual(['a', 'b', 'c', 'd', 'x'])
    })
  })

  it('with a partition whose leader is away has its other partitions processed while the leader is asked', async () => {
    const asked = hangingListOffsets(apps, 'lines', 1)
    const app = apps.create(copying())
    await app.start()
    await produce(1, 'a', 'b')
    await until(async () => (await committed(1)) === 2)
    asked.hang()

    await truncate()
    await asked.reached
    await produce(0, 'c')
    await until(async () => (await committed(0)) === 1)
    expect(await outputs()).toEqual(['a', 'b', 'c'])
    expect(app.state).toBe('RUNNING')
    asked.answer()
    await produce(1, 'd')
    await until(async () => (await committed(1)) === 1)
  })

  it('is read on behind offsets without a record that fill its buffer, as those of an aborted transaction', async () => {
    const app = apps.create(copying(), { processingGuarantee: 'exactly_once', bufferedRecordsPerPartition: 10 })
    await app.start()
    const producer = apps.kafka.client().producer({ transactionalId: 'other' })
    await producer.init()
    await producer.loadTopics(['lines'])
    producer.begin()
    for (let i = 0; i < 20; i++) producer.append('lines', 0, null, 'aborted', 0, NO_HEADERS)
    await producer.flush()
    await producer.abort()
    await producer.close()
    await until(async () => (await committed(0)) === 21)

    await produce(0, 'a')
    await until(async () => (await committed(0)) === 22)
    expect(await outputs()).toEqual(['a'])
  })

  it('is read on where the instance was out of the group while it was asked where to continue', async () => {
    const asked = hangingListOffsets(apps, 'lines', 1)
    const app = apps.create(copying())
    let dropped = false
    app.on('rebalance', ({ generation }) => (dropped ||= generation === -1))
    await app.start()
    await produce(1, 'a', 'b')
    await until(async () => (await committed(1)) === 2)
    asked.hang()
    await truncate()
    await asked.reached
    // at-least-once suspends its tasks, and resumes them
    app.once('rebalance', asked.answer)
    apps.dropAllMembers()
    await until(() => dropped && app.state === 'RUNNING')
    await produce(1, 'c')
    await until(async () => (await committed(1)) === 1)
    expect(await outputs()).toEqual(['a', 'b', 'c'])
  })
})

describe('an input whose next offset is gone while the group may have given the task away', () => {
  const zombie = (truncatedTo?: number, autoOffsetReset = 'earliest', nextOffset = 5) => {
    const warnings: string[] = []
    const moved: number[] = []
    const state = { holds: false, reads: true }
    const task = {
      id: '0_0',
      subTopology: { repartitionSourceTopics: new Set(), nodes: [] },
      processing: {
        nextOffset: () => nextOffset,
        reposition: (_topic: string, _partition: number, offset: number) => void moved.push(offset),
      },
    }
    const inputs = new TaskInputs({
      topology: {},
      config: { autoOffsetReset },
      admin: { listOffsets: async () => new Map([['a-0', 7]]) },
      fetcher: { assign: () => {} },
      tasks: { readerOf: () => (state.reads ? task : undefined) },
      lease: { holds: () => state.holds },
      logger: {
        ...silentLogger,
        warn: (_: object, message?: string) => void warnings.push(message!),
        error: (_: object, message?: string) => void warnings.push(`error: ${message}`),
      },
      signal: new AbortController().signal,
      taskFailed: (_: unknown, error: unknown) => void warnings.push(String(error)),
    } as unknown as TaskInputsOptions)
    const error = new ClientError('offsetOutOfRange', 'gone', 'OFFSET_OUT_OF_RANGE')
    inputs.take({ topic: 'a', partition: 0, error, nextOffset: 5, truncatedTo } as FetchedPartition)
    return { state, warnings, moved }
  }

  it('is none of its business once the task is gone: others have processed and deleted those records', async () => {
    const { state, warnings, moved } = zombie()
    await pause(120)
    state.reads = false
    await pause(120)
    state.holds = true
    await pause(120)
    expect([warnings, moved]).toEqual([[], []])
  })

  it('is read on elsewhere, with a warning, once the group has said that the task is still its own', async () => {
    const { state, warnings, moved } = zombie()
    await pause(120)
    expect([warnings, moved]).toEqual([[], []])
    state.holds = true
    await until(() => moved.length > 0)
    expect(moved).toEqual([7])
    expect(warnings).toEqual([expect.stringMatching(/continuing at the earliest offset 7$/)])
  })

  it('is read on where the log differs from what was read, if the brokers have lost records', async () => {
    const { state, warnings, moved } = zombie(3)
    state.holds = true
    await until(() => moved.length > 0)
    expect(moved).toEqual([3])
    expect(warnings).toEqual([
      expect.stringMatching(/^error: the brokers have lost records of a partition 0 .* at offset 3,/),
    ])
  })

  it('is read on at the first record that was not processed, if what the brokers have lost was only fetched', async () => {
    const { state, warnings, moved } = zombie(3, 'earliest', 1)
    state.holds = true
    await until(() => moved.length > 0)
    expect(moved).toEqual([1])
    expect(warnings).toEqual([expect.stringMatching(/none of which was processed: continuing at offset 1$/)])
  })

  it("fails its task where records are lost, and its offset reset policy is 'none'", async () => {
    const { state, warnings, moved } = zombie(3, 'none')
    state.holds = true
    await until(() => warnings.length > 0)
    expect([warnings, moved]).toEqual([[expect.stringMatching(/offset reset policy is 'none'/)], []])
  })
})

describe('an input that does not exist any more', () => {
  it('fails its task: what the group still has of it says where to read, and its leader whether to wait for it', () => {
    const failed: unknown[] = []
    const task = { id: '0_0', subTopology: { repartitionSourceTopics: new Set(), nodes: [] } }
    const inputs = new TaskInputs({
      tasks: { readerOf: () => task },
      logger: silentLogger,
      taskFailed: (_task: unknown, error: Error) => void failed.push(error),
    } as unknown as TaskInputsOptions)
    const error = new ClientError('unknownTopic', 'gone', 'UNKNOWN_TOPIC_OR_PARTITION')
    inputs.take({ topic: 'a', partition: 0, error, nextOffset: 5 } as FetchedPartition)
    expect(failed).toEqual([error])
  })
})

/** From `hang` on, the offsets of a partition are not told until `answer`. */
const hangingListOffsets = (apps: EmbeddedApps, topic: string, partition: number) => {
  let hangs = false
  let answer!: () => void
  let reach!: () => void
  const answered = new Promise<void>((resolve) => (answer = resolve))
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const original = apps.kafka.client.bind(apps.kafka)
  jest.spyOn(apps.kafka, 'client').mockImplementation((): KafkaClient => {
    const client = original()
    const admin = client.admin.bind(client)
    client.admin = (): Admin => {
      const made = admin()
      const listOffsets = made.listOffsets.bind(made)
      made.listOffsets = async (at, isolation) => {
        if (hangs && at.some((asked) => asked.topic === topic && asked.partition === partition)) {
          reach()
          await answered
        }
        return listOffsets(at, isolation)
      }
      return made
    }
    return client
  })
  return { hang: () => void (hangs = true), reached, answer }
}
