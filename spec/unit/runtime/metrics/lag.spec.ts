import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const copy = () => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).to('out', text)
  return builder.build()
}

describe('records-lag', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1, out: 1 })
  })
  afterEach(() => apps.close())

  const produce = (count: number): Promise<void> =>
    apps.kafka.produce(
      'in',
      Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: 'x', timestamp: i })),
    )

  test('of a task that has processed nothing yet counts from where it starts', async () => {
    const first = apps.create(copy())
    await first.start()
    await produce(50)
    await until(async () => (await apps.kafka.read('out')).length === 50)
    await first.close()
    await produce(3)

    const second = apps.create(copy())
    second.pause()
    await second.start()
    const lags = (): unknown[] => second.metrics().flatMap(({ name, value }) => (name === 'records-lag' ? [value] : []))
    // its first records are fetched, and wait
    await until(() => lags()[0] !== 0 && lags().length > 0)
    expect(lags()).toEqual([3])
    second.resume()
    await until(async () => (await apps.kafka.read('out')).length === 53)
    expect(lags()).toEqual([0])
    await second.close()
  })
})
