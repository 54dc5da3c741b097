import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KafkaClient, Producer } from '../../../../lib/kafka/port'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { once } from '../../../support/events'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }

type Step = 'flush' | 'sendOffsets' | 'commit'

describe('an instance that is dropped from the group while a transaction is being committed', () => {
  let apps: EmbeddedApps
  /** The next call of this step waits until `proceed`. */
  let stalled: { readonly step: Step; readonly reached: () => void; readonly proceed: Promise<void> } | undefined

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 1, out: 1 })
    stalled = undefined
    const client = apps.kafka.client.bind(apps.kafka)
    jest.spyOn(apps.kafka, 'client').mockImplementation((): KafkaClient => {
      const made = client()
      const producer = made.producer.bind(made)
      made.producer = (config) => stalling(producer(config))
      return made
    })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await apps.close()
  })

  const stalling = (producer: Producer): Producer => {
    const pass = async (step: Step): Promise<void> => {
      if (stalled?.step !== step) return
      const { reached, proceed } = stalled
      stalled = undefined
      reached()
      await proceed
    }
    const { flush, sendOffsets, commit } = producer
    producer.flush = async () => {
      await pass('flush')
      return flush.call(producer)
    }
    producer.sendOffsets = async (offsets, group) => {
      await pass('sendOffsets')
      return sendOffsets.call(producer, offsets, group)
    }
    producer.commit = async () => {
      await pass('commit')
      return commit.call(producer)
    }
    return producer
  }
  const counting = (): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('words', text).groupByKey().count({ store: 'counts' }).toStream().to('out', counted)
    return builder.build()
  }
  /** As the coordinator does when the session has timed out. */
  const dropAllMembers = (): void => {
    const { groups } = apps.kafka['cluster']
    for (const memberId of groups['groups'].get('app')!['members'].keys()) {
      groups.leave({ groupId: 'app', memberId, generationId: 0, groupInstanceId: null })
    }
  }
  const committed = async (): Promise<number> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get('words-0')?.offset ?? 0

  const dropped = async (app: KafkaStreams): Promise<void> => {
    for (;;) if ((await once(app, 'rebalance')).generation === -1) return
  }

  it.each<[Step, string, number]>([
    ['sendOffsets', 'while the call is under way', 20],
    ['commit', 'while the call is under way', 20],
    // what fails then is the commit, and the next producer waits a little longer each time
    ['flush', 'after the call', 4],
    ['sendOffsets', 'after the call', 4],
    ['commit', 'after the call', 4],
  ])('(%s) and hears of it %s rejoins, and every record counts exactly once', async (step, when, rounds) => {
    const app = apps.create(counting(), { processingGuarantee: 'exactly_once', statestoreCacheMaxBytes: 0 })
    const states: string[] = []
    app.on('stateChange', ({ to }) => void states.push(to))
    await app.start()
    for (let round = 0; round < rounds; round++) {
      const proceed = deferred()
      const reached = deferred()
      stalled = { step, reached: reached.resolve, proceed: proceed.promise }
      await apps.kafka.produce('words', [{ key: 'word', value: `${round}` }])
      await reached.promise
      const left = dropped(app)
      dropAllMembers()
      if (when === 'while the call is under way') await left
      proceed.resolve()
      await left
      await until(async () => (await committed()) === round + 1)
    }
    const counts = (await apps.kafka.read('out', counted)).map(({ value }) => value)
    expect(counts).toEqual(Array.from({ length: rounds }, (_, i) => i + 1))
    expect(states).not.toContain('PENDING_ERROR')
    await until(() => app.state === 'RUNNING')
  })
})
