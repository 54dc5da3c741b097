import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const copying = (to: string | ((value: string | null) => string)): Topology => {
  const builder = new StreamsBuilder()
  const lines = builder.stream('lines', text)
  if (typeof to === 'string') lines.to(to, text)
  else lines.to(to, text)
  return builder.build()
}

describe('an output topic that does not exist', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1 })
  })
  afterEach(() => apps.close())

  const received = async (topic: string, count: number): Promise<unknown[]> => {
    const values: unknown[] = []
    for await (const { value } of apps.kafka.subscribe(topic)) if (values.push(value) === count) break
    return values
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    'when the app starts is written to as soon as it appears (%s)',
    async (processingGuarantee) => {
      const app = apps.create(copying('out'), { processingGuarantee })
      await app.start()
      await apps.kafka.produce('lines', [{ value: 'a' }, { value: 'b' }])
      await new Promise((resolve) => setTimeout(resolve, 50))
      await apps.kafka.createTopic('out')
      expect(await received('out', 2)).toEqual(['a', 'b'])
      expect(apps.warnings.join()).toContain('an output topic can not be found (yet)')
      expect(app.state).toBe('RUNNING')
    },
  )

  it('is named in a warning as soon as records wait for it', async () => {
    const app = apps.create(copying((value) => value!))
    await app.start()
    const waiting = apps.warning(/output topic "y" does not exist: records for it wait up to 10 s; create it/)
    await apps.kafka.produce('lines', [{ value: 'y' }])
    await waiting
    expect(app.state).toBe('RUNNING')
    await apps.kafka.createTopic('y')
    expect(await received('y', 1)).toEqual(['y'])
    expect(apps.warnings.filter((warning) => warning.includes('does not exist'))).toHaveLength(1)
  })

  it.each([
    ['at_least_once', '10 s'],
    ['exactly_once', '3 s'],
  ] as const)('is waited for no longer than a transaction can (%s)', async (processingGuarantee, wait) => {
    const app = apps.create(copying('out'), { processingGuarantee, transactionTimeout: '6s' })
    await app.start()
    const waiting = apps.warning(/output topic "out" does not exist: records for it wait/)
    await apps.kafka.produce('lines', [{ value: 'a' }])
    await waiting
    expect(apps.warnings).toContain(`output topic "out" does not exist: records for it wait up to ${wait}; create it`)
    await apps.kafka.createTopic('out')
    expect(await received('out', 1)).toEqual(['a'])
  })

  it('and never appears ends the app, which says so, and commits nothing', async () => {
    const app = apps.create(copying('out'), { producer: { deliveryTimeout: 200 }, commitInterval: '1h' })
    await app.start()
    const failed = failureOf(app)
    await apps.kafka.produce('lines', [{ value: 'a' }])
    expect(await failed).toMatchObject({
      code: 'PRODUCTION_FAILED',
      location: { topic: 'out' },
      message: expect.stringMatching(/records for topic "out" can't be sent.*create it first/) as string,
    })
    expect(await apps.kafka.client().admin().groupOffsets('app')).toEqual(new Map())
  })

  it.each(['at_least_once', 'exactly_once'] as const)(
    'is a matter of the production handler, for each of its records (%s)',
    async (processingGuarantee) => {
      const builder = new StreamsBuilder()
      const lines = builder.stream('lines', text)
      lines.to('missing', text)
      lines.to(() => 'missing too', { ...text, partitioner: () => 0 })
      lines.to('copy', text)
      await apps.kafka.createTopic('copy')
      const refused: unknown[] = []
      const app = apps.create(builder.build(), {
        processingGuarantee,
        producer: { deliveryTimeout: 200 },
        productionExceptionHandler: (error, { code, topic, offset, sourceRawValue }, record) => {
          refused.push([code, topic, offset, String(sourceRawValue), record.topic, record.value, error.name])
          return 'continue'
        },
      })
      await app.start()
      await apps.produceTo('lines', 0, 'a')
      await until(async () => (await apps.committed('lines', 0)) === 1)
      await apps.produceTo('lines', 0, 'b')
      await until(async () => (await apps.committed('lines', 0)) >= 2)
      expect(await apps.valuesIn('copy')).toEqual(['a', 'b'])
      // each topic is waited for by itself
      expect(new Set(refused.slice(0, 2))).toEqual(
        new Set([
          ['PRODUCTION_FAILED', 'lines', 0, 'a', 'missing', 'a', 'ClientError'],
          ['PRODUCTION_FAILED', 'lines', 0, 'a', 'missing too', 'a', 'ClientError'],
        ]),
      )
      expect(refused).toHaveLength(4)
      expect(app.recordCounts().dropped).toBe(4)
      expect(app.state).toBe('RUNNING')
    },
  )

  it('ends the app where the production handler says so', async () => {
    const app = apps.create(copying('out'), {
      producer: { deliveryTimeout: 200 },
      productionExceptionHandler: () => 'fail',
    })
    await app.start()
    const failed = failureOf(app)
    await apps.kafka.produce('lines', [{ value: 'a' }])
    expect(await failed).toMatchObject({
      code: 'PRODUCTION_FAILED',
      location: { operator: 'KSTREAM-SINK-0000000001', topic: 'lines', offset: 0 },
    })
  })

  it('delays the records behind it until it appears, and loses none, where records pick their topic', async () => {
    await apps.kafka.createTopic('x')
    await apps.create(copying((value) => value!)).start()
    await apps.kafka.produce('lines', [{ value: 'y' }, { value: 'z' }, { value: 'x' }, { value: 'y' }])
    await new Promise((resolve) => setTimeout(resolve, 50))
    await apps.kafka.createTopic('y')
    await apps.kafka.createTopic('z')
    expect(await received('x', 1)).toEqual(['x'])
    expect(await received('y', 2)).toEqual(['y', 'y'])
    expect(await received('z', 1)).toEqual(['z'])
  })
})
