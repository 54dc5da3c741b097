import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import type { Admin } from '../../../../lib/kafka/port'

describe('topic configs of the embedded Kafka', () => {
  let kafka: EmbeddedKafka
  let admin: Admin

  beforeEach(() => {
    kafka = new EmbeddedKafka({ topics: { t: 1 } })
    admin = kafka.client().admin()
  })

  afterEach(() => kafka.close())

  it.each([
    ['no.such.config', 'x'],
    ['cleanup.policy', 'shrink'],
    ['retention.ms', 'a week'],
  ])('refuses %s=%s and changes nothing', async (name, value) => {
    const change = admin.alterTopicConfigs('t', { 'retention.ms': '1', [name]: value })
    await expect(change).rejects.toMatchObject({ kind: 'invalid', code: 'INVALID_CONFIG' })
    expect((await admin.topicConfigs('t')).get('retention.ms')).toEqual({ value: '604800000', isDefault: true })
  })

  it('acts on retention.bytes, also when it is set later', async () => {
    const fill = (): Promise<void> =>
      kafka.produce(
        't',
        Array.from({ length: 100 }, () => ({ value: 'x'.repeat(1000) })),
      )
    await fill()
    expect(await kafka.read('t')).toHaveLength(100)
    await admin.alterTopicConfigs('t', { 'retention.bytes': '50000' })
    await fill()
    const records = await kafka.read('t')
    expect(records.length).toBeLessThan(60)
    expect(records.at(-1)!.offset).toBe(199)
    const starts = await admin.listOffsets([{ topic: 't', partition: 0, at: 'earliest' }])
    expect(starts.get('t-0')).toBe(records[0]!.offset)
  })

  it('acts on cleanup.policy as it is now', async () => {
    await admin.alterTopicConfigs('t', { 'cleanup.policy': 'compact' })
    await expect(kafka.produce('t', [{ value: 'no key' }])).rejects.toMatchObject({ code: 'INVALID_RECORD' })
    await admin.alterTopicConfigs('t', { 'cleanup.policy': null })
    await kafka.produce('t', [{ value: 'no key' }])
    expect(await kafka.read('t')).toHaveLength(1)
  })

  it('splits what a smaller max.message.bytes would refuse as one batch', async () => {
    await admin.alterTopicConfigs('t', { 'max.message.bytes': '500' })
    await kafka.produce(
      't',
      Array.from({ length: 20 }, () => ({ value: 'x'.repeat(200) })),
    )
    expect(await kafka.read('t')).toHaveLength(20)
  })
})
