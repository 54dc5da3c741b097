import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { deadLetterTopic, type ErrorHandlerContext } from '../../../../lib/handlers'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

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

  it.each([
    ['at_least_once', 'already known'],
    ['at_least_once', 'not known yet'],
    ['exactly_once', 'already known'],
    ['exactly_once', 'not known yet'],
  ] as const)(
    'whose dead letter is larger still ends with an error that names it, its origin and the setting (%s, its topic %s)',
    async (processingGuarantee, topicIs) => {
      await apps.kafka.createTopic('dead')
      const builder = new StreamsBuilder()
      builder
        .stream('lines', text)
        .mapValues((value) => {
          throw new Error(value === 'fine' ? 'no' : 'too large')
        })
        .to('out', text)
      await apps.kafka.createTopic('out')
      const app = apps.create(builder.build(), {
        processingGuarantee,
        processingExceptionHandler: deadLetterTopic('dead'),
      })
      await app.start()
      const small = topicIs === 'already known' ? ['fine'] : []
      if (small.length > 0) {
        await apps.kafka.produce('lines', [{ value: 'fine' }])
        await until(async () => (await apps.valuesIn('dead')).length === 1)
      }
      const failed = failureOf(app)
      await apps.kafka.produce('lines', [{ value: 'x'.repeat(MIB - 100) }])
      expect(await failed).toMatchObject({
        code: 'PRODUCTION_FAILED',
        location: { operator: expect.any(String) as string, topic: 'lines', partition: 0, offset: small.length },
        message: expect.stringMatching(
          new RegExp(
            `a dead letter of operator ".*" about the record of lines-0 at offset ${small.length} can't be sent to "dead": .*producer\\.maxRequestSize`,
          ),
        ) as string,
      })
    },
  )

  describe.each(['at_least_once', 'exactly_once'] as const)(
    'that only the topic refuses (%s)',
    (processingGuarantee) => {
      const config = { processingGuarantee, producer: { maxRequestSize: 4 * MIB, linger: 1 } }
      /** Every `large` becomes too large for `out`, which gets the others. */
      const inflatingSome = (partitioner?: () => number[]): Topology => {
        const builder = new StreamsBuilder()
        builder
          .stream('lines', text)
          .mapValues((value) => (value === 'large' ? 'x'.repeat(LARGE) : value))
          .to('out', { ...text, name: 'to-out', ...(partitioner && { partitioner }) })
        return builder.build()
      }

      it('is a matter of the handler, which is told of its source, and all others are written', async () => {
        await apps.kafka.createTopic('out')
        await apps.kafka.createTopic('dead')
        const asked: ErrorHandlerContext[] = []
        const toDeadLetters = deadLetterTopic('dead')
        const app = apps.create(inflatingSome(), {
          ...config,
          productionExceptionHandler: (error, context, { topic, key, value }) => {
            expect(error).toMatchObject({ name: 'ClientError', code: 'MESSAGE_TOO_LARGE' })
            expect([topic, key, (value as string).length]).toEqual(['out', 'large', LARGE])
            asked.push(context)
            return toDeadLetters(error, context)
          },
        })
        await app.start()
        await apps.produceTo('lines', 0, 'a', 'large', 'b', 'c', 'large', 'd')
        await until(async () => (await apps.committed('lines', 0)) >= 6)
        expect(await apps.valuesIn('out')).toEqual(['a', 'b', 'c', 'd'])
        expect(await apps.valuesIn('dead')).toEqual(['large', 'large'])
        expect(asked).toMatchObject([
          { operator: 'to-out', code: 'PRODUCTION_FAILED', topic: 'lines', partition: 0, offset: 1, taskId: '0_0' },
          { operator: 'to-out', topic: 'lines', partition: 0, offset: 4 },
        ])
        expect(asked[0]!.description).toMatch(/sink "to-out" can't send a record to topic "out".*max\.message\.bytes/)
        expect(app.recordCounts()).toMatchObject({ dropped: 2, deadLetters: 2, operators: [{ operator: 'to-out' }] })
        expect(app.state).toBe('RUNNING')
      })

      it('is asked about for each partition that was chosen', async () => {
        await apps.kafka.createTopic('out', 2)
        let asked = 0
        const app = apps.create(
          inflatingSome(() => [0, 1]),
          {
            ...config,
            productionExceptionHandler: () => {
              asked++
              return 'continue'
            },
          },
        )
        await app.start()
        await apps.produceTo('lines', 0, 'large', 'a')
        await until(async () => (await apps.committed('lines', 0)) >= 2)
        expect(await apps.valuesIn('out')).toEqual(['a', 'a'])
        expect(asked).toBe(2)
      })

      it('ends the instance where the handler says fail, and commits nothing of it', async () => {
        await apps.kafka.createTopic('out')
        await apps.kafka.createTopic('dead')
        const app = apps.create(inflatingSome(), {
          ...config,
          productionExceptionHandler: deadLetterTopic('dead', { then: 'fail' }),
        })
        await app.start()
        const failed = failureOf(app)
        await apps.produceTo('lines', 0, 'large')
        expect(await failed).toMatchObject({
          code: 'PRODUCTION_FAILED',
          location: { operator: 'to-out', topic: 'lines', partition: 0, offset: 0 },
        })
        expect(await apps.committed('lines', 0)).toBe(0)
        expect(await apps.valuesIn('dead')).toEqual(processingGuarantee === 'at_least_once' ? ['large'] : [])
      })

      it('ends the instance where the handler throws', async () => {
        await apps.kafka.createTopic('out')
        const app = apps.create(inflatingSome(), {
          ...config,
          productionExceptionHandler: () => {
            throw new Error('the handler is broken')
          },
        })
        await app.start()
        const failed = failureOf(app)
        await apps.produceTo('lines', 0, 'large')
        expect((await failed).message).toMatch(/the handler is broken/)
        expect(await apps.committed('lines', 0)).toBe(0)
      })

      it('has its dead letter committed with it, though its topic is not known to the producer, or does not exist', async () => {
        await apps.kafka.createTopic('out')
        const app = apps.create(inflatingSome(), { ...config, productionExceptionHandler: deadLetterTopic('dead') })
        await app.start()
        await apps.produceTo('lines', 0, 'large')
        await apps.warning(/output topic "dead" does not exist/)
        expect(await apps.committed('lines', 0)).toBe(0)
        await apps.kafka.createTopic('dead')
        await until(async () => (await apps.committed('lines', 0)) >= 1)
        expect(await apps.valuesIn('dead')).toEqual(['large'])
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
