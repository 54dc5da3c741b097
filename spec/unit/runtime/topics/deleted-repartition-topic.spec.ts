import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { Producer } from '../../../../lib/kafka/port'
import * as serdes from '../../../../lib/serdes'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const TOPIC = 'app-by-value-repartition'

const text = { key: serdes.string(), value: serdes.string() }

describe('a repartition topic that is deleted while the application runs', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, out: 1 })
  })
  afterEach(() => apps.close())

  /** Deletes it, and the producers hear of that at once, as from fresh metadata. */
  const deleteTopic = async (): Promise<void> => {
    await apps.kafka.client().admin().deleteTopics([TOPIC])
    isKnown = false
  }
  let isKnown = true
  const knowWhatIsThere = (producer: Producer): void => {
    const partitionCount = producer.partitionCount.bind(producer)
    producer.partitionCount = (topic) => (topic === TOPIC && !isKnown ? undefined : partitionCount(topic))
    const loadTopics = producer.loadTopics.bind(producer)
    producer.loadTopics = async (topics) => {
      await loadTopics(topics)
      isKnown ||= topics.includes(TOPIC)
    }
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    '%s: is created again, and takes the records that had waited for it',
    async (processingGuarantee) => {
      apps.changeProducers(knowWhatIsThere)
      const builder = new StreamsBuilder()
      builder
        .stream('lines', text)
        .selectKey((value) => value)
        .repartition({ name: 'by-value', ...text })
        .to('out', text)
      const app = apps.create(builder.build(), {
        processingGuarantee,
        producer: { linger: 1, requestTimeout: 50, deliveryTimeout: 100 },
      })
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      await app.start()
      await apps.produceTo('lines', 0, 'a')
      await until(async () => (await apps.valuesIn('out')).length === 1)

      await deleteTopic()
      await apps.produceTo('lines', 0, 'b')
      await until(async () => errors.length > 0 || (await apps.valuesIn('out')).includes('b'))
      expect(errors).toEqual([])
    },
  )
})
