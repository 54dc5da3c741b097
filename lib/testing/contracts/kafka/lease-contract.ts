import assert from 'node:assert/strict'
import { matching } from './assert-matches'
import type { Lease } from '../../../kafka/port'
import { TestMember, type TestMemberOptions } from './group-member'
import { readTopic } from './reading'
import type { KafkaContract } from './kafka-client-setup'
import { appendText, startProducer } from './writing'

/** A lease that a test gives and takes. */
class TestLease implements Lease {
  answeredAt = 0
  private readonly listeners = new Set<(held: boolean) => void>()

  constructor(private held: boolean) {}

  holds(): boolean {
    return this.held
  }

  subscribe(listener: (held: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  set(held: boolean): void {
    this.held = held
    for (const listener of this.listeners) listener(held)
  }
}

export const leaseContract: KafkaContract = ({ describe, test }, kafka) => {
  const valuesOf = async (topic: string): Promise<Array<string | null>> =>
    (await readTopic(kafka.client(), topic)).map(({ value }) => value)

  describe('of a producer', () => {
    test('holds back what is written without it, and sends it once, in order, when it is held again', async () => {
      const topic = await kafka.createTopic()
      const lease = new TestLease(true)
      const producer = await startProducer(kafka.client(), [topic], { lease, lingerMs: 0 })
      appendText(producer, topic, null, 'before')
      await producer.flush()
      lease.set(false)
      appendText(producer, topic, null, 'held 1')
      const first = producer.flush()
      appendText(producer, topic, null, 'held 2')
      const second = producer.flush()
      const other = await startProducer(kafka.client(), [topic])
      appendText(other, topic, null, 'by another')
      await other.flush()
      assert.deepEqual(await valuesOf(topic), ['before', 'by another'])
      lease.set(true)
      await Promise.all([first, second])
      assert.deepEqual(await valuesOf(topic), ['before', 'by another', 'held 1', 'held 2'])
    })

    test('is asked at the moment of sending, not when records are appended', async () => {
      const topic = await kafka.createTopic()
      const lease = new TestLease(true)
      const producer = await startProducer(kafka.client(), [topic], { lease })
      appendText(producer, topic, null, 'v')
      lease.set(false)
      const flushed = producer.flush()
      await (await startProducer(kafka.client(), [topic])).flush()
      assert.deepEqual(await valuesOf(topic), [])
      lease.set(true)
      await flushed
      assert.deepEqual(await valuesOf(topic), ['v'])
    })

    test('nothing that was discarded is ever written', async () => {
      const topic = await kafka.createTopic()
      const lease = new TestLease(false)
      const producer = await startProducer(kafka.client(), [topic], { lease, lingerMs: 0 })
      appendText(producer, topic, null, 'stale')
      const flushed = producer.flush()
      const refused = assert.rejects(flushed, matching({ kind: 'fatal' }))
      await producer.close({ discard: true })
      await refused
      lease.set(true)
      const next = await startProducer(kafka.client(), [topic])
      appendText(next, topic, null, 'fresh')
      await next.flush()
      assert.deepEqual(await valuesOf(topic), ['fresh'])
    })

    test('discarding leaves an open transaction to whoever comes next', async () => {
      const topic = await kafka.createTopic()
      const transactionalId = kafka.uniqueName('transactional')
      const producer = await startProducer(kafka.client(), [topic], { transactionalId })
      producer.begin()
      appendText(producer, topic, null, 'uncommitted')
      await producer.flush()
      await producer.close({ discard: true })
      const next = await startProducer(kafka.client(), [topic], { transactionalId })
      next.begin()
      appendText(next, topic, null, 'committed')
      await next.commit()
      assert.deepEqual(await valuesOf(topic), ['committed'])
    })
  })

  describe('of a member', () => {
    const setUp = async () => {
      const topic = await kafka.createTopic(2)
      const groupId = kafka.uniqueName('group')
      return (name: string, options: Partial<TestMemberOptions> = {}): TestMember => {
        const created = new TestMember(kafka.client(), { groupId, topics: [topic], ...options })
        created.userData = Buffer.from(name)
        return created
      }
    }

    test('is held from the first assignment until the member leaves', async () => {
      const member = await setUp()
      const heldWhenAssigned: boolean[] = []
      const a: TestMember = member('a', {
        assigned: async () => {
          heldWhenAssigned.push(a.group.lease.holds())
          return 'stable'
        },
      })
      const told: boolean[] = []
      a.group.lease.subscribe((held) => told.push(held))
      assert.equal(a.group.lease.holds(), false)
      await a.group.join()
      assert.deepEqual(heldWhenAssigned, [true])
      const leaving = a.group.leave()
      assert.equal(a.group.lease.holds(), false)
      await leaving
      assert.deepEqual(told, [true, false])
    })

    test('is held through a rebalance that takes the member along', async () => {
      const member = await setUp()
      const a = member('a')
      await a.group.join()
      await a.owns(0)
      const told: boolean[] = []
      a.group.lease.subscribe((held) => told.push(held))
      await member('b').group.join()
      await a.owns(0)
      assert.equal(a.group.lease.holds(), true)
      assert.deepEqual(told, [])
    })

    test('has ended when the loss of the membership is told, and is held again with the next generation', async () => {
      const member = await setUp()
      let release!: () => void
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const heldWhenLost: boolean[] = []
      const a: TestMember = member('a', {
        rebalanceTimeoutMs: 1_000,
        beforeRejoin: () => released,
        lost: async () => void heldWhenLost.push(a.group.lease.holds()),
      })
      await a.group.join()
      await a.owns(0)
      const b = member('b', { rebalanceTimeoutMs: 1_000 })
      await b.group.join()
      release()
      await a.next('lost')
      await a.owns(0)
      // it may be late again
      assert.deepEqual(new Set(heldWhenLost), new Set([false]))
      assert.equal(a.group.lease.holds(), true)
    })
  })
}
