import { EmbeddedApps, until } from '../../support/embedded-apps'
import { once } from '../../support/events'
import { ClientError } from '../../../lib/kafka/port'
import type { StreamsConfig } from '../../../lib/config/config'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { levelEngine } from '../../../lib/state/level/level-engine'
import type { StateEngine, TaskDatabase } from '../../../lib/state/state-engine'
import type { Topology } from '../../../lib/topology/topology'
import { deferred, recordingLogger } from './processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }

const wordCount = (onWord: (word: string) => void = () => {}): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', text)
    .flatMapValues((line) => line.split(' '))
    .peek((word) => onWord(word), { name: 'look' })
    .groupBy((word) => word, text)
    .count({ store: 'counts' })
    .toStream()
    .to('out', counted)
  return builder.build()
}

const reading = (topic: string): Topology => {
  const builder = new StreamsBuilder()
  builder.stream(topic, text).to('out', text)
  return builder.build()
}

/** A port on which nobody listens. */
const UNREACHABLE = { brokers: ['127.0.0.1:9'] }
/** A limit of tests, far below what a time-out of the client would take. */
const QUICKLY_MS = 25_000

describe('KafkaStreams', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 2, out: 2 })
  })
  afterEach(() => apps.close())

  const create = (config: Partial<StreamsConfig> = {}, topology = wordCount()): KafkaStreams =>
    apps.create(topology, config)

  /** Reads counts until they are as expected; ends with the test's timeout if they never are. */
  const untilCounts = async (expected: Record<string, number>): Promise<void> => {
    const counts: Record<string, number> = {}
    for await (const { key, value } of apps.kafka.subscribe('out', counted)) {
      counts[key!] = value!
      if (Object.entries(expected).every(([word, count]) => counts[word] === count)) break
    }
    expect(counts).toEqual(expected)
  }

  describe('that can not start', () => {
    it.each([
      ['a StreamsBuilder', new StreamsBuilder()],
      ['null', null],
    ])('refuses %s in place of a topology', (got, topology) => {
      expect(() => create({}, topology as never)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: `new KafkaStreams needs topology to be a topology, such as builder.build() makes, and got ${got}`,
        }),
      )
    })

    it('reports once that topics are not co-partitioned', async () => {
      await apps.kafka.createTopic('prices', 3)
      const builder = new StreamsBuilder()
      builder.stream('lines', text).join(builder.table('prices', text), (line) => line)
      const logger = recordingLogger()
      const streams = create({ logger }, builder.build())
      await expect(streams.start()).rejects.toMatchObject({ code: 'NOT_COPARTITIONED' })
      await streams.close()
      const problems = logger.entries.filter(({ level }) => level === 'error' || level === 'warn')
      expect(problems.map(({ fields }) => fields['err'])).toEqual([
        expect.objectContaining({ code: 'NOT_COPARTITIONED' }),
      ])
    })

    it('rejects with the missing topics where it shall not wait', async () => {
      const builder = new StreamsBuilder()
      builder.stream('nowhere', text).to('out', text)
      const streams = create({ missingSourceTopics: 'fail' }, builder.build())
      await expect(streams.start()).rejects.toMatchObject({
        code: 'MISSING_SOURCE_TOPIC',
        message: expect.stringContaining('nowhere'),
      })
      expect(streams.state).toBe('ERROR')
      expect(await streams.close()).toBe(true)
    })

    it('says what it waits for, and starts when the topic is there', async () => {
      const builder = new StreamsBuilder()
      builder.stream('later', text).to('out', text)
      const streams = create({}, builder.build())
      const warned = once(streams, 'warning')
      const started = streams.start()
      expect(await warned).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', topics: ['later'] })
      expect(streams.state).toBe('REBALANCING')
      await apps.kafka.createTopic('later', 1)
      await started
      expect(streams.state).toBe('RUNNING')
    })

    it('refuses an empty topology', () => {
      expect(() => create({}, new StreamsBuilder().build())).toThrow(
        expect.objectContaining({
          code: 'INVALID_TOPOLOGY',
          message: expect.stringMatching(/is empty.*stream\(topic\)/),
        }),
      )
    })

    describe.each<[string, () => KafkaStreams]>([
      ['source topics are missing', () => create({}, reading('nowhere'))],
      ['no broker answers', () => create({ kafka: UNREACHABLE })],
    ])('because %s', (_, unable) => {
      it(
        'gives up on its signal, with its reason, when everything is closed',
        async () => {
          const streams = unable()
          const abort = new AbortController()
          const started = streams.start({ signal: abort.signal })
          await new Promise((resolve) => setTimeout(resolve, 100))
          abort.abort(new Error('changed my mind'))
          await expect(started).rejects.toThrow('changed my mind')
          expect(streams.state).toBe('NOT_RUNNING')
          await streams.closed
          expect(await streams.close()).toBe(true)
          // nothing holds its state directory
          await create().start()
        },
        QUICKLY_MS,
      )

      it(
        'gives up when it is closed, which is no failure',
        async () => {
          const streams = unable()
          const started = streams.start()
          await new Promise((resolve) => setTimeout(resolve, 100))
          expect(await streams.close()).toBe(true)
          await started
          await streams.closed
          expect(streams.state).toBe('NOT_RUNNING')
        },
        QUICKLY_MS,
      )
    })

    it('does not even begin with a signal that is aborted', async () => {
      const streams = create()
      await expect(streams.start({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
      expect(streams.state).toBe('CREATED')
    })

    it('rejects where an internal topic has other partitions, and says what to do', async () => {
      await apps.kafka.createTopic('app-counts-repartition', 3)
      const streams = create()
      const failed = once(streams, 'error')
      await expect(streams.start()).rejects.toMatchObject({
        code: 'INTERNAL_TOPIC_MISMATCH',
        message: expect.stringMatching(/app-counts-repartition has 3 partitions and the topology needs 2.*reset/s),
      })
      expect((await failed).code).toBe('INTERNAL_TOPIC_MISMATCH')
      expect(streams.state).toBe('ERROR')
    })

    it('rejects where another instance has its state directory', async () => {
      await create().start()
      await expect(create().start()).rejects.toMatchObject({ code: 'STATE_DIRECTORY_LOCKED' })
    })

    it('is started once', async () => {
      const streams = create()
      await streams.start()
      await expect(streams.start()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
      await streams.close()
      await expect(streams.start()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
    })
  })

  describe('closed', () => {
    const failing = () =>
      wordCount(() => {
        throw new Error('no such word')
      })

    it('rejects with the failure, when everything is closed', async () => {
      const streams = create({}, failing())
      const closed = streams.closed
      await streams.start()
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await expect(closed).rejects.toMatchObject({ code: 'PROCESSING_FAILED' })
      expect(streams.state).toBe('ERROR')
      await expect(streams.closed).rejects.toMatchObject({ code: 'PROCESSING_FAILED' })
    })

    it('rejects, too, where start() does', async () => {
      const streams = create({ missingSourceTopics: 'fail' }, reading('nowhere'))
      const closed = streams.closed
      await expect(streams.start()).rejects.toMatchObject({ code: 'MISSING_SOURCE_TOPIC' })
      await expect(closed).rejects.toMatchObject({ code: 'MISSING_SOURCE_TOPIC' })
    })

    it('resolves after close()', async () => {
      const streams = create()
      let isClosed = false
      const closed = streams.closed.then(() => (isClosed = true))
      await streams.start()
      expect(isClosed).toBe(false)
      await streams.close()
      await closed
    })

    it('stays pending through close() of an instance that has failed, and keeps its failure', async () => {
      const streams = create({}, failing())
      await streams.start()
      const failed = once(streams, 'error')
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await failed
      expect(await streams.close()).toBe(true)
      await expect(streams.closed).rejects.toMatchObject({ code: 'PROCESSING_FAILED' })
    })
  })

  describe('that is closed', () => {
    it('before its start never runs', async () => {
      const streams = create()
      expect(await streams.close()).toBe(true)
      expect(streams.state).toBe('NOT_RUNNING')
    })

    it('while starting resolves the start: that is no failure', async () => {
      const streams = create()
      const started = streams.start()
      const closed = streams.close()
      await started
      await closed
      expect(streams.state).toBe('NOT_RUNNING')
    })

    it('while its producer waits for a coordinator gives that up, with nothing to commit', async () => {
      let waiting = 0
      apps.changeProducers((producer) => {
        const close = producer.close.bind(producer)
        let giveUp!: (error: Error) => void
        producer.init = () => {
          waiting++
          return new Promise((_, reject) => (giveUp = reject))
        }
        producer.close = (options) => {
          giveUp(new ClientError('retriable', 'closed while it waited'))
          return close(options)
        }
      })
      const streams = create({ processingGuarantee: 'exactly_once' })
      const started = streams.start()
      await until(() => waiting === 1)
      expect(await streams.close()).toBe(true)
      await started
      expect({ waiting, warnings: apps.warnings }).toEqual({ waiting: 1, warnings: [] })
    })

    it('while its output topics are looked up does not warn that they are missing', async () => {
      const begun = deferred()
      const closed = deferred()
      apps.changeProducers((producer) => {
        const close = producer.close.bind(producer)
        producer.loadTopics = async () => {
          begun.resolve()
          await closed.promise
          throw new ClientError('fatal', 'this Kafka client has been closed', 'CLIENT_CLOSED')
        }
        producer.close = (options) => {
          closed.resolve()
          return close(options)
        }
      })
      const streams = create()
      const started = streams.start()
      await begun.promise
      await streams.close()
      await started
      expect(apps.warnings).toEqual([])
    })

    it('at any moment of its start leaves its state directory to the next one', async () => {
      for (let turns = 0; turns < 30; turns++) {
        const streams = create()
        const started = streams.start().catch((error: unknown) => error)
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
        await streams.close()
        await started
      }
      await create().start()
    })

    it('while it reads the state of earlier runs waits until that is closed', async () => {
      const earlier = create()
      await earlier.start()
      await earlier.close()
      const engine = levelEngine()
      const opened: TaskDatabase[] = []
      const closed: TaskDatabase[] = []
      const begun = deferred()
      const mayOpen = deferred()
      const open: StateEngine['open'] = async (options) => {
        begun.resolve()
        await mayOpen.promise
        const database = await engine.open(options)
        opened.push(database)
        const close = database.close.bind(database)
        database.close = async () => {
          await close()
          closed.push(database)
        }
        return database
      }
      const streams = create({ stateEngine: { name: engine.name, persistent: engine.persistent, open } })
      const started = streams.start()
      await begun.promise
      const closing = streams.close()
      mayOpen.resolve()
      expect(await closing).toBe(true)
      expect(opened).not.toEqual([])
      expect(closed).toEqual(opened)
      await started
    })

    it('twice settles together', async () => {
      const streams = create()
      await streams.start()
      const first = streams.close()
      expect(streams.close()).toBe(first)
      expect(await first).toBe(true)
    })

    it.each(['error', 'stateChange'] as const)('by a listener of %s that hears of a failure', async (event) => {
      const streams = create(
        {},
        wordCount(() => {
          throw new Error('no such word')
        }),
      )
      const closes: Array<Promise<boolean>> = []
      streams.on('error', () => {})
      streams.on(event, () => {
        if (streams.state === 'PENDING_ERROR') closes.push(streams.close())
      })
      const { closed } = streams
      await streams.start()
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await expect(closed).rejects.toMatchObject({ code: 'PROCESSING_FAILED' })
      await expect(Promise.all(closes)).resolves.toEqual([true])
      expect(streams.state).toBe('ERROR')
    })

    it.each(['at_least_once', 'exactly_once'] as const)(
      '%s: gives up its last commit where an operator fails that the record cache is flushed into, and says why',
      async (processingGuarantee) => {
        const builder = new StreamsBuilder()
        const counted = new Promise<void>((resolve) => {
          builder
            .stream('lines', text)
            .peek(() => resolve())
            .groupByKey()
            .count({ store: 'counts' })
            .toStream()
            .peek(() => {
              throw new Error('no such count')
            })
        })
        const logger = recordingLogger()
        // the test's own time-out comes long before
        const config = { commitInterval: '5m', transactionTimeout: '10m', closeTimeout: '5m' } as const
        const streams = create({ ...config, processingGuarantee, logger }, builder.build())
        await streams.start()
        await apps.kafka.produce('lines', [{ key: 'a', value: 'a' }])
        await counted
        expect(await streams.close()).toBe(false)
        expect(streams.state).toBe('NOT_RUNNING')
        expect(logger.entries.filter(({ level }) => level === 'warn').map(({ fields }) => fields['err'])).toEqual([
          expect.objectContaining({ code: 'PROCESSING_FAILED' }),
        ])
      },
    )

    it('as a listener, with the name of a signal, says how to pass it', async () => {
      const streams = create()
      await expect((async () => streams.close('SIGTERM' as never))()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('as a listener, pass () => streams.close()') as string,
      })
    })

    it('within a deadline gives up on an operator that does not come to an end', async () => {
      const builder = new StreamsBuilder()
      let reached = (): void => {}
      const entered = new Promise<void>((resolve) => (reached = resolve))
      builder.stream('lines', text).foreach(() => {
        reached()
        return new Promise<void>(() => {})
      })
      const streams = create({}, builder.build())
      await streams.start()
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await entered
      expect(await streams.close({ timeout: 100 })).toBe(false)
      expect(streams.state).toBe('NOT_RUNNING')
    })

    it.each([
      [{}, 1],
      [{ leaveGroup: true }, 0],
    ])('of a static member with %j leaves %i member in the group', async (options, members) => {
      const streams = create({ groupInstanceId: 'one' })
      await streams.start()
      expect(await streams.close(options)).toBe(true)
      expect(await apps.kafka.client().admin().groupMembers('app')).toBe(members)
    })

    it('leaves nothing behind: the next one goes on', async () => {
      const first = create()
      await first.start()
      await apps.kafka.produce('lines', [{ value: 'a b a' }])
      await untilCounts({ a: 2, b: 1 })
      await first.close()
      const second = create()
      let replayed = 0
      second.on('restoreEnd', ({ restored }) => (replayed += restored))
      await second.start()
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await untilCounts({ a: 3, b: 1 })
      expect(replayed).toBe(0)
    })
  })

  describe.each(['at_least_once', 'exactly_once'] as const)('with %s', (processingGuarantee) => {
    it('restores its state from the changelogs after cleanUp', async () => {
      const first = create({ processingGuarantee })
      await first.start()
      await apps.kafka.produce('lines', [{ value: 'a b a' }])
      await untilCounts({ a: 2, b: 1 })
      await first.close()
      await first.cleanUp()

      const second = create({ processingGuarantee })
      let replayed = 0
      second.on('restoreEnd', ({ restored }) => (replayed += restored))
      await second.start()
      expect(replayed).toBeGreaterThanOrEqual(2)
      expect((second.store('counts').get('a') as { value: number }).value).toBe(2)
      await apps.kafka.produce('lines', [{ value: 'a' }])
      await untilCounts({ a: 3, b: 1 })
    })

    it('shares its tasks with others, and takes over from them', async () => {
      const first = create({ processingGuarantee })
      const second = create({ processingGuarantee, stateDir: apps.stateDir('b') })
      await first.start()
      await apps.kafka.produce('lines', [
        { value: 'a b', partition: 0 },
        { value: 'a c', partition: 1 },
      ])
      await second.start()
      const shared = (): boolean =>
        first.metadataForLocalTasks().length === 2 && second.metadataForLocalTasks().length === 2
      while (!shared()) await Promise.race([once(first, 'rebalance'), once(second, 'rebalance')])
      await apps.kafka.produce('lines', [
        { value: 'a b', partition: 0 },
        { value: 'a c', partition: 1 },
      ])
      await untilCounts({ a: 4, b: 2, c: 2 })
      await first.close()
      await apps.kafka.produce('lines', [
        { value: 'a b', partition: 0 },
        { value: 'a c', partition: 1 },
      ])
      await untilCounts({ a: 6, b: 3, c: 3 })
      expect(second.metadataForLocalTasks()).toHaveLength(4)
    })

    it('goes to ERROR when a callback throws, tells of it, and commits nothing of it', async () => {
      const streams = create(
        { processingGuarantee },
        wordCount((word) => {
          if (word === 'bad') throw new Error('no such word')
        }),
      )
      await streams.start()
      const failed = once(streams, 'error')
      await apps.kafka.produce('lines', [{ value: 'bad' }])
      expect(await failed).toMatchObject({
        code: 'PROCESSING_FAILED',
        location: { operator: 'look', topic: 'lines', offset: 0 },
      })
      expect(await streams.close()).toBe(true)
      expect(streams.state).toBe('ERROR')
      const admin = apps.kafka.client().admin()
      expect((await admin.groupOffsets('app')).size).toBe(0)
    })

    it('has its successor emit what was stored and not emitted when it failed', async () => {
      let fails = true
      const table = (): Topology => {
        const builder = new StreamsBuilder()
        builder
          .table('lines', text, 'rows')
          .toStream()
          .mapValues((value) => {
            if (fails) throw new Error('not yet')
            return value
          })
          .to('out', text)
        return builder.build()
      }
      const config = { processingGuarantee, statestoreCacheMaxBytes: 0 }
      const first = create(config, table())
      const failed = once(first, 'error')
      await first.start()
      await apps.produceTo('lines', 0, 'same', 'same')
      await failed
      await first.close()
      fails = false
      await create(config, table()).start()
      const values: (string | null)[] = []
      for await (const { value } of apps.kafka.subscribe('out', text)) if (values.push(value) === 2) break
      expect(values).toEqual(['same', 'same'])
    })
  })

  it('is closed by a listener that hears of its failure, and stays in ERROR', async () => {
    const streams = create(
      {},
      wordCount(() => {
        throw new Error('no such word')
      }),
    )
    const closed: Promise<boolean>[] = []
    const states: string[] = []
    streams.on('stateChange', ({ to }) => {
      states.push(to)
      if (to.endsWith('ERROR')) closed.push(streams.close())
    })
    streams.on('error', () => closed.push(streams.close()))
    await streams.start()
    await apps.kafka.produce('lines', [{ value: 'a' }])
    await expect(streams.closed).rejects.toMatchObject({ code: 'PROCESSING_FAILED' })
    expect(await Promise.all(closed)).toEqual([true, true, true])
    expect(states).toEqual(['REBALANCING', 'RUNNING', 'PENDING_ERROR', 'ERROR'])
  })

  it('closes once, where listeners close it as it starts and as it closes, and releases everything', async () => {
    const streams = create()
    const closed: Promise<boolean>[] = []
    streams.on('stateChange', () => closed.push(streams.close()))
    await streams.start()
    expect(await Promise.all(closed)).toEqual([true, true, true])
    expect(streams.state).toBe('NOT_RUNNING')
    const next = create()
    await next.start()
    expect(next.state).toBe('RUNNING')
  })

  it('processes and closes with a logger that throws', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const fail = (): never => {
      throw new Error('the worker has exited')
    }
    const streams = create({ logger: { debug: fail, info: fail, warn: fail, error: fail } })
    await streams.start()
    await apps.kafka.produce('lines', [{ value: 'a' }])
    await untilCounts({ a: 1 })
    expect(await streams.close()).toBe(true)
    expect(emitWarning).toHaveBeenCalledTimes(1)
    emitWarning.mockRestore()
  })

  it('processes nothing while paused', async () => {
    const words: string[] = []
    const streams = create(
      {},
      wordCount((word) => words.push(word)),
    )
    await streams.start()
    streams.pause()
    expect(streams.isPaused).toBe(true)
    await apps.kafka.produce('lines', [{ value: 'a' }])
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(words).toEqual([])
    streams.resume()
    await untilCounts({ a: 1 })
  })

  it('that is paused before its start processes nothing until it resumes, also what others leave behind', async () => {
    const words: string[] = []
    const instances = ['a', 'b'].map((name) =>
      create(
        { stateDir: apps.stateDir(name) },
        wordCount((word) => words.push(`${name} ${word}`)),
      ),
    ) as [KafkaStreams, KafkaStreams]
    for (const streams of instances) {
      streams.pause()
      await streams.start()
      expect([streams.isPaused, streams.state]).toEqual([true, 'RUNNING'])
    }
    await apps.produceTo('lines', 0, 'x')
    await apps.produceTo('lines', 1, 'y')
    const [first, second] = instances
    expect(await second.close()).toBe(true)
    await until(() => first.metadataForLocalTasks().length === 4)
    await until(() => first.state === 'RUNNING')
    expect(words).toEqual([])
    first.resume()
    await untilCounts({ x: 1, y: 1 })
    expect(words.sort()).toEqual(['a x', 'a y'])
  })

  it.each(['on', 'once', 'off'] as const)(
    '%s refuses an event that there is not, and what is no listener',
    (method) => {
      const streams = create()
      const call = (event: string, listener?: () => void) => () =>
        streams[method](event as 'error', listener as () => void)
      const refused = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error
      const events =
        "'stateChange' or 'error' or 'warning' or 'runProgress' or 'rebalance' or 'restoreStart' or 'restoreProgress' or 'restoreEnd'"
      expect(call('statechange', () => {})).toThrow(
        refused(`${method} needs event to be ${events}, and got 'statechange'`),
      )
      expect(call('error')).toThrow(refused(`${method} needs a listener as a function, and got undefined`))
    },
  )

  it('refuses to read stores that it does not have', async () => {
    const streams = create()
    expect(() => streams.store('countz')).toThrow(/no store "countz"; it has: counts/)
    expect(() => streams.store('counts')).toThrow(/no partition of store "counts"/)
    await streams.start()
    expect(streams.store('counts').get('a')).toBeNull()
  })

  it('refuses to clean up while running', async () => {
    const streams = create()
    await streams.start()
    await expect(streams.cleanUp()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })
})
