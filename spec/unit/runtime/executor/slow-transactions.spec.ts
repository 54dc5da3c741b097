import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { block } from '../../../support/block'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const TRANSACTION_TIMEOUT_MS = 1000

describe('a synchronous callback that outlasts the transaction', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, out: 1 })
  })
  afterEach(() => apps.close())

  it('is told, repeated once, and got over', async () => {
    const called: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .peek((value) => {
        called.push(value!)
        block(value!.startsWith('slow') ? 1.5 * TRANSACTION_TIMEOUT_MS : 1)
      })
      .to('out', text)
    const app = apps.create(builder.build(), {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      commitInterval: TRANSACTION_TIMEOUT_MS - 100,
    })
    await app.start()
    // more than a slice takes: their outputs have opened the transaction that the slow ones outlast
    const before = Array.from({ length: 64 }, (_, i) => `before ${i}`)
    const values = [...before, 'slow 0', 'slow 1', 'after']
    await apps.kafka.produce(
      'lines',
      values.map((value) => ({ value })),
    )
    const committed = async (): Promise<(string | null)[]> => (await apps.kafka.read('out')).map(({ value }) => value)
    await until(async () => (await committed()).includes('after'))

    expect(await committed()).toEqual(values)
    expect(called.filter((value) => value === 'slow 0').length).toBe(2)
    expect(app.state).toBe('RUNNING')
    const said = apps.warnings.filter((message) => /transaction was open.*Raise transactionTimeout/.test(message))
    expect(said).toHaveLength(1)
  })
})
