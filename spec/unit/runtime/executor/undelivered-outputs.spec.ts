import type { StreamsConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { StreamsError } from '../../../../lib/errors'
import { ClientError, type Producer } from '../../../../lib/kafka/port'
import { deadLetterTopic } from '../../../../lib/handlers'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

describe('outputs of other tasks that can not be delivered', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 3, out: 3 })
  })
  afterEach(() => apps.close())

  it('that the restart of a failed task finds out about are produced again', async () => {
    const builder = new StreamsBuilder()
    let fail = true
    let broken: ClientError | undefined
    const sent: string[] = []
    builder
      .stream('lines', text)
      .peek((value) => {
        sent.push(value!)
        if (value === 'bad' && fail) {
          fail = false
          broken = new ClientError('abortable', 'delivery timed out', 'TIMED_OUT')
          throw new StreamsError('STATE_STORE_DAMAGED', 'damaged')
        }
      })
      .to('out', text)
    let first: Producer | undefined
    apps.changeProducers((p) => {
      first ??= p
      if (first !== p) return
      const { flush, append } = p
      p.idle = () => {}
      p.flush = async () => {
        if (broken) throw broken
        return flush.call(p)
      }
      p.append = (...args) => {
        if (broken) throw broken
        append.apply(p, args)
      }
    })
    const app = apps.create(builder.build(), { commitInterval: 500, producer: { linger: 60_000 } })
    await app.start()
    await apps.produceTo('lines', 1, 'good')
    await until(() => sent.includes('good'))
    await apps.produceTo('lines', 0, 'bad')
    await until(async () => (await apps.committed('lines', 0)) === 1 && (await apps.committed('lines', 1)) === 1)
    expect(await apps.valuesIn('out')).toEqual(['bad', 'good'])
  })
})

describe('what was sent before a failure', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, out: 1, dead: 1 })
  })
  afterEach(() => apps.close())

  const failing = (config: Partial<StreamsConfig>): KafkaStreams => {
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .mapValues((value) => {
        if (value === 'bad') throw new Error('no such line')
        return value
      })
      .to('out', text)
    return apps.create(builder.build(), {
      commitInterval: '1h',
      producer: { linger: 60_000 },
      processingExceptionHandler: deadLetterTopic('dead', { then: 'fail' }),
      ...config,
    })
  }

  it('is delivered, with the dead letter about it, and nothing of it is committed', async () => {
    const app = failing({})
    await app.start()
    const failed = failureOf(app)
    await apps.produceTo('lines', 0, 'good', 'bad', 'not reached')
    expect(await failed).toMatchObject({ location: { topic: 'lines', offset: 1 } })
    expect(await apps.valuesIn('out')).toEqual(['good'])
    expect(await apps.valuesIn('dead')).toEqual(['bad'])
    expect(await apps.committed('lines', 0)).toBe(0)
  })

  it('is rolled back under exactly-once', async () => {
    const app = failing({ processingGuarantee: 'exactly_once', commitInterval: 5000 })
    await app.start()
    const failed = failureOf(app)
    await apps.produceTo('lines', 0, 'good', 'bad')
    await failed
    expect(await apps.valuesIn('out')).toEqual([])
    expect(await apps.valuesIn('dead')).toEqual([])
  })
})
