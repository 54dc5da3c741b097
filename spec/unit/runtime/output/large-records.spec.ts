import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf } from '../../../support/embedded-apps'

const MIB = 1024 * 1024
const text = { key: serdes.string(), value: serdes.string() }
const LARGE = 3 * MIB

const inflating = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', text)
    .mapValues(() => 'x'.repeat(LARGE))
    .to('out', { ...text, name: 'to-out' })
  return builder.build()
}

const storing = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', text)
    .mapValues(() => 'x'.repeat(LARGE))
    .toTable({ store: 'kept', ...text })
  return builder.build()
}

describe('a record above 1 MiB', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1 })
  })
  afterEach(() => apps.close())

  it.each(['at_least_once', 'exactly_once'] as const)(
    'is refused by default, with the operator, the setting to raise and the one of the topic (%s)',
    async (processingGuarantee) => {
      await apps.kafka.createTopic('out', 1, { 'max.message.bytes': String(4 * MIB) })
      const app = apps.create(inflating(), { processingGuarantee })
      await app.start()
      const failed = failureOf(app)
      await apps.kafka.produce('lines', [{ key: 'k', value: 'a' }])
      expect(await failed).toMatchObject({
        code: 'PRODUCTION_FAILED',
        location: { operator: 'to-out', topic: 'lines', partition: 0, offset: 0 },
        message: expect.stringMatching(
          /to topic "out".*the 1048576 of producer\.maxRequestSize; raise it together with the topic's max\.message\.bytes/,
        ) as string,
      })
    },
  )

  it.each(['at_least_once', 'exactly_once'] as const)(
    'that only the topic refuses names the topic and its max.message.bytes (%s)',
    async (processingGuarantee) => {
      await apps.kafka.createTopic('out')
      const app = apps.create(inflating(), { processingGuarantee, producer: { maxRequestSize: 4 * MIB, linger: 1 } })
      await app.start()
      const failed = failureOf(app)
      await apps.kafka.produce('lines', [{ key: 'k', value: 'a' }])
      expect(await failed).toMatchObject({
        code: 'PRODUCTION_FAILED',
        location: { topic: 'out', partition: 0 },
        message: expect.stringMatching(/a record can't be written.*out-0.*max\.message\.bytes/) as string,
      })
    },
  )

  it('is written where both allow it', async () => {
    await apps.kafka.createTopic('out', 1, { 'max.message.bytes': String(4 * MIB) })
    const app = apps.create(inflating(), { producer: { maxRequestSize: 4 * MIB, linger: 1 } })
    await app.start()
    await apps.kafka.produce('lines', [{ key: 'k', value: 'a' }])
    for await (const { value } of apps.kafka.subscribe('out')) {
      expect(value).toHaveLength(LARGE)
      break
    }
  })

  it('for a changelog names it, and both limits', async () => {
    const app = apps.create(storing())
    await app.start()
    const failed = failureOf(app)
    await apps.kafka.produce('lines', [{ key: 'k', value: 'a' }])
    expect(await failed).toMatchObject({
      code: 'PRODUCTION_FAILED',
      location: { topic: 'app-kept-changelog', partition: 0 },
      message: expect.stringMatching(/producer\.maxRequestSize.*max\.message\.bytes/) as string,
    })
  })
})
