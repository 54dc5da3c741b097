import { SessionLease } from '../../../lib/kafka/lease'
import type { KafkaClientSetup } from '../../../lib/testing/contracts/kafka/kafka-client-setup'
import { readTopic } from '../../../lib/testing/contracts/kafka/reading'
import { appendText, startProducer } from '../../../lib/testing/contracts/kafka/writing'

const SESSION_MS = 10_000
/** How long a lease still holds that is about to end. */
const LAST_MS = 10

/** Of each client's producer, with the lease of a real member. */
export const unnoticedLease = (kafka: KafkaClientSetup): void => {
  test('what was flushed when the lease had ended, before a timer could say so, is sent when it is held again', async () => {
    const topic = await kafka.createTopic()
    const lease = new SessionLease(SESSION_MS)
    const client = kafka.client()
    const producer = await startProducer(client, [topic], { lease, lingerMs: 0 })
    lease.renew(performance.now() - SESSION_MS + LAST_MS)
    while (lease.holds());
    appendText(producer, topic, null, 'v')
    const flushed = producer.flush()
    // no timer runs between microtasks
    for (let i = 0; i < 10; i++) await Promise.resolve()
    lease.renew(performance.now())
    await flushed
    expect((await readTopic(client, topic)).map(({ value }) => value)).toEqual(['v'])
    await client.close()
  })
}
