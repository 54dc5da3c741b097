import { rmSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { GroupListener, KafkaClient, Producer } from '../../../../lib/kafka/port'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import { EPOCH_HEADER } from '../../../../lib/runtime/changelog/owner-epochs'
import * as serdes from '../../../../lib/serdes'
import { keyValueStore } from '../../../../lib/state/stores'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }
const CHANGELOG = 'app-counts-changelog'
const counts = keyValueStore('counts', counted)

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('words', text).groupByKey().count(counts)
  return builder.build()
}

/** `check` may throw. */
const countingChecked = (check: (word: string) => void): Topology => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text).filter((word) => {
    check(word)
    return true
  })
  words.groupByKey().count(counts)
  return builder.build()
}

/** Into two stores of a task, of which one may be in memory. */
const countingTwice = (inMemory: boolean): Topology => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('words', text).groupByKey()
  grouped.count(keyValueStore('counts', { ...counted, persistent: !inMemory }))
  grouped.count(keyValueStore('others', counted))
  return builder.build()
}

type Step = 'delivery' | 'flush' | 'commit of offsets'

/** An instance's Kafka client that can be stalled: what it has sent stays on its way, and it hears nothing of its group. */
class StalledInstance {
  /** What is on its way. */
  readonly #late: (() => void)[] = []
  readonly #resumed = deferred()
  readonly #reached = deferred()
  #from: Step | undefined
  #stalled = false
  #deaf = false

  constructor(private readonly apps: EmbeddedApps) {}

  /** From this step of its work on; resolves once it has come to it. */
  stallAt(step: Step): Promise<void> {
    this.#from = step
    return this.#reached.promise
  }

  /** It hears nothing of its group, and what it sends arrives. */
  deafen(): void {
    this.#deaf = true
  }

  get hasWritesOnTheirWay(): boolean {
    return this.#late.length > 0
  }

  deliverLateWrites(): void {
    for (const deliver of this.#late.splice(0)) deliver()
  }

  resume(): void {
    this.#resumed.resolve()
  }

  /** What it sends arrives again, after what was on its way. */
  heal(): void {
    this.#stalled = false
    this.#from = undefined
    this.deliverLateWrites()
  }

  client(): KafkaClient {
    const client = this.apps.kafka.client()
    const { producer, group } = client
    client.producer = (config) => this.#stalling(producer.call(client, config))
    client.group = (config, listener) => {
      const lost: GroupListener['lost'] = async (cause) => {
        if (this.#stalled || this.#deaf) await this.#resumed.promise
        return listener.lost(cause)
      }
      const membership = group.call(client, config, {
        subscription: () => listener.subscription(),
        assign: (members) => listener.assign(members),
        beforeRejoin: (now) => listener.beforeRejoin(now),
        assigned: (assignment, now) => listener.assigned(assignment, now),
        failed: (cause) => listener.failed(cause),
        lost,
      })
      const { commit } = membership
      membership.commit = async (offsets) => {
        await this.#pass('commit of offsets')
        return commit.call(membership, offsets)
      }
      return membership
    }
    return client
  }

  #stalling(producer: Producer): Producer {
    const { flush } = producer
    producer.flush = async () => {
      await this.#pass('flush')
      return flush.call(producer)
    }
    const network = producer as unknown as { deliverBatch(...batch: unknown[]): void }
    const deliver = network.deliverBatch.bind(producer)
    network.deliverBatch = (...batch) => {
      if (this.#from === 'delivery') this.#stall()
      if (this.#stalled) this.#late.push(() => deliver(...batch))
      else deliver(...batch)
    }
    return producer
  }

  async #pass(step: Step): Promise<void> {
    if (this.#from === step) this.#stall()
    if (!this.#stalled) return
    await this.#resumed.promise
    throw new Error('the connection was reset')
  }

  #stall(): void {
    this.#stalled = true
    this.#reached.resolve()
  }
}

describe('writes of an owner that is stalled for longer than its session', () => {
  let apps: EmbeddedApps
  const stalled: StalledInstance[] = []

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 1 })
  })
  afterEach(async () => {
    for (const instance of stalled.splice(0)) instance.resume()
    await apps.close()
  })

  /** One that is going to be stalled. */
  const createStalled = (name: string): { app: KafkaStreams; instance: StalledInstance } => {
    const instance = new StalledInstance(apps)
    stalled.push(instance)
    return { instance, app: create(name, { kafka: { client: () => instance.client() } }) }
  }

  const create = (name: string, config: Parameters<EmbeddedApps['create']>[1] = {}): KafkaStreams =>
    apps.create(counting(), { stateDir: apps.stateDir(name), statestoreCacheMaxBytes: 0, ...config })

  /** When it is RUNNING the next time. */
  const runs = (app: KafkaStreams): Promise<void> =>
    new Promise((resolve) => {
      app.on('stateChange', ({ to }) => {
        if (to === 'RUNNING') resolve()
      })
    })

  const count = (app: KafkaStreams, word: string): number | null => app.store(counts).get(word)

  const process = async (...words: string[]): Promise<void> => {
    const before = await end('words')
    await apps.produceTo('words', 0, ...words)
    await until(async () => (await apps.committed('words', 0)) === before + words.length)
  }

  const end = async (topic: string): Promise<number> => (await apps.kafka.read(topic)).length

  /** Of every record of the changelog: its key, its count and whether it names an epoch. */
  const changelog = async (): Promise<[string, number, boolean][]> =>
    (await apps.kafka.read(CHANGELOG, counted)).map(({ key, value, headers }) => [
      key!,
      value!,
      headers.some(([name]) => name === EPOCH_HEADER),
    ])

  /** Restored from the changelog alone. */
  const restored = async (...words: string[]): Promise<(number | null)[]> => {
    rmSync(apps.stateDir('new'), { recursive: true, force: true })
    const app = create('new')
    await app.start()
    const found = words.map((word) => count(app, word))
    await app.close()
    return found
  }

  const warnings = (): string[] => apps.warnings.filter((message) => message.includes('of an earlier owner'))

  it.each<Step>(['delivery', 'flush', 'commit of offsets'])(
    'are ignored when they arrive after those of the next one: stalled at the %s',
    async (step) => {
      const { app, instance: first } = createStalled('first')
      await app.start()
      await process('x', 'y')
      const reached = first.stallAt(step)
      await apps.produceTo('words', 0, 'x')
      await reached
      await apps.produceTo('words', 0, 'x', 'z')
      await until(() => count(app, 'z') === 1 && first.hasWritesOnTheirWay)
      // or it would count what the next one gets as well
      app.pause()

      apps.dropAllMembers()
      const second = create('second')
      await second.start()
      await process('x')
      const x = count(second, 'x')!
      expect(x).toBeGreaterThanOrEqual(4)
      first.deliverLateWrites()
      await second.close()
      const [, late] = (await changelog()).filter(([key]) => key === 'x').slice(-2)
      expect(late![1]).toBeLessThan(x)

      expect(await restored('x', 'y', 'z')).toEqual([x, 1, 1])
      expect(warnings()).toEqual([
        expect.stringMatching(/ignores \d+ writes .* \(changelog app-counts-changelog-0 from offset \d+ to \d+\)/),
      ])
      expect((await changelog()).filter(([key]) => key === 'x').at(-1)).toEqual(['x', x, true])
      expect(await restored('x', 'y', 'z')).toEqual([x, 1, 1])
      expect(warnings()).toHaveLength(1)
    },
  )

  it('are ignored after several owners, each of them stalled', async () => {
    for (const name of ['first', 'second', 'third']) {
      const { app, instance } = createStalled(name)
      await app.start()
      await process('x')
      const reached = instance.stallAt('delivery')
      await apps.produceTo('words', 0, 'x')
      await reached
      apps.dropAllMembers()
    }
    const last = create('last')
    await last.start()
    await process('x')
    const x = count(last, 'x')
    for (const instance of stalled.toReversed()) instance.deliverLateWrites()
    await last.close()
    expect(await restored('x')).toEqual([x])
  })

  /** A first owner is stalled, a second one takes over and ends; then the writes of the first one arrive. */
  const leaveLateWrites = async (): Promise<void> => {
    const { app, instance: first } = createStalled('first')
    await app.start()
    await process('x')
    const reached = first.stallAt('delivery')
    await apps.produceTo('words', 0, 'x')
    await reached
    apps.dropAllMembers()
    const second = create('second')
    await second.start()
    await process('x')
    first.deliverLateWrites()
    await second.close()
  }

  it('are repaired in a transaction under exactly-once', async () => {
    await leaveLateWrites()
    const writes = (await changelog()).length

    const third = create('third', { processingGuarantee: 'exactly_once' })
    await third.start()
    expect(count(third, 'x')).toBe(3)
    await until(async () => (await changelog()).length > writes)
    expect((await changelog()).slice(writes)).toEqual([['x', 3, false]])
    await third.close()
    expect(await restored('x')).toEqual([3])
    expect(warnings()).toHaveLength(1)
  })

  it('are found again by the next start if the one that found them did not commit', async () => {
    await leaveLateWrites()

    const { app: third, instance: interrupted } = createStalled('third')
    const repairing = interrupted.stallAt('delivery')
    await third.start()
    await repairing
    apps.dropAllMembers()
    const fourth = create('fourth')
    await fourth.start()
    await until(async () => (await changelog()).at(-1)![1] === 3)
    expect([count(fourth, 'x'), warnings().length]).toEqual([3, 2])
  })

  it('do not make those of an instance that resumes where it was look stale', async () => {
    const { app, instance: first } = createStalled('first')
    await app.start()
    await process('x')
    app.pause()
    first.deafen()
    apps.dropAllMembers()
    const { app: second, instance } = createStalled('second')
    const reached = instance.stallAt('delivery')
    await second.start()
    await apps.produceTo('words', 0, 'x')
    await reached

    apps.dropAllMembers()
    const back = runs(app)
    first.resume()
    // or it would still process as the former owner
    await back
    app.resume()
    await until(async () => (await apps.committed('words', 0)) === 2)
    instance.deliverLateWrites()
    await process('x', 'y')
    await app.close()
    expect(await changelog()).toEqual([
      ['x', 1, false],
      ['x', 2, true],
      ['x', 2, true],
      ['x', 3, true],
      ['y', 1, true],
    ])
    expect(await restored('x', 'y')).toEqual([3, 1])
  })

  it('do not let it resume where the next owner has died before its first commit', async () => {
    const config = { commitInterval: '1h', statestoreCacheMaxBytes: 0 } as const
    const instance = new StalledInstance(apps)
    stalled.push(instance)
    const kafka = { client: () => instance.client() }
    const first = apps.create(
      countingChecked(() => {}),
      { ...config, kafka },
    )
    await first.start()
    await apps.produceTo('words', 0, 'x')
    await until(async () => (await changelog()).length === 1)
    const reached = instance.stallAt('delivery')
    await apps.produceTo('words', 0, 'y')
    await reached
    first.pause()
    instance.deafen()
    apps.dropAllMembers()
    const second = apps.create(
      countingChecked((word) => {
        if (word === 'y') throw new Error('not this one')
      }),
      { ...config, stateDir: apps.stateDir('second') },
    )
    const failed = failureOf(second)
    await second.start()
    await failed

    instance.heal()
    expect(await changelog()).toEqual([
      ['x', 1, false],
      ['x', 2, true],
      ['y', 1, false],
    ])
    const back = runs(first)
    instance.resume()
    await back
    first.resume()
    await apps.produceTo('words', 0, 'z')
    await until(() => count(first, 'z') === 1)
    await first.close()
    expect(await apps.committed('words', 0)).toBe(3)
    const last = apps.create(
      countingChecked(() => {}),
      { ...config, stateDir: apps.stateDir('last') },
    )
    await last.start()
    // those of the first owner are stale behind those of the second
    expect(count(last, 'y')).toBe(1)
    expect(count(last, 'z')).toBe(1)
  })

  it('an owner that was never followed by another writes as Java does, also after a restart', async () => {
    for (const word of ['a', 'b']) {
      const app = create('first')
      await app.start()
      await process(word)
      await app.close()
    }
    expect(await changelog()).toEqual([
      ['a', 1, false],
      ['b', 1, false],
    ])
    const next = create('second')
    await next.start()
    await process('a')
    expect(await changelog()).toContainEqual(['a', 2, true])
  })

  it('are not mistaken for those of an owner that follows a refill', async () => {
    for (const name of ['first', 'second', 'first', 'second']) {
      const app = create(name)
      await app.start()
      await process('x')
      await app.close()
    }
    await apps.kafka.client().admin().deleteTopics([CHANGELOG])
    const refilling = create('second')
    await refilling.start()
    await refilling.close()

    const next = create('third')
    await next.start()
    await process('x', 'y')
    await next.close()
    const last = create('second')
    await last.start()
    expect([count(last, 'x'), count(last, 'y'), warnings()]).toEqual([5, 1, []])
  })

  it('are not found in what earlier owners wrote when a store that was on disk is in memory', async () => {
    const words = ['a', 'b', 'c', 'd']
    for (const [i, word] of words.entries()) {
      const app = apps.create(countingTwice(false), { stateDir: apps.stateDir(i % 2 === 0 ? 'first' : 'second') })
      await app.start()
      await process(word)
      await app.close()
    }
    const inMemory = apps.create(countingTwice(true), { stateDir: apps.stateDir('second') })
    await inMemory.start()
    expect([words.map((word) => count(inMemory, word)), warnings()]).toEqual([[1, 1, 1, 1], []])
  })

  it('are not mistaken for what Java, or an owner with transactions, writes next', async () => {
    const first = create('first')
    await first.start()
    await process('a')
    await first.close()
    const second = create('second')
    await second.start()
    await process('a')
    await second.close()
    const java = apps.kafka.client().producer({})
    await java.init()
    await java.loadTopics([CHANGELOG])
    const value = Buffer.alloc(8)
    value.writeBigInt64BE(7n)
    java.append(CHANGELOG, 0, Buffer.from('a'), value, 1, [])
    await java.flush()
    expect(await restored('a')).toEqual([7])

    const third = create('third', { processingGuarantee: 'exactly_once' })
    await third.start()
    await process('a')
    await third.close()
    expect((await changelog()).at(-1)).toEqual(['a', 8, false])
    expect(await restored('a')).toEqual([8])
    expect(warnings()).toEqual([])
  })
})
