import { EmbeddedKafka } from '../../../../lib/embedded'
import { silentLogger } from '../../../../lib/observe/logger'
import { ChangelogFollower, type Following } from '../../../../lib/runtime/changelog/changelog-follower'
import { replay } from '../../../../lib/runtime/changelog/replay'
import { deferred } from '../processing/processing-under-test'

const RANGE_MS = 5

describe('following the changelogs of several tasks', () => {
  let kafka: EmbeddedKafka
  let follower: ChangelogFollower

  beforeEach(() => {
    kafka = new EmbeddedKafka({ topics: { a: 1, b: 1 } })
    const client = kafka.client()
    follower = new ChangelogFollower({
      fetcher: () => client.fetcher({ isolation: 'read_committed' }),
      logger: silentLogger,
      restoreListener: { restoreStart() {}, restoreProgress() {}, restoreEnd() {} },
      maxDirtyBytes: 1024,
    })
  })
  afterEach(async () => {
    await follower.close()
    await kafka.close()
  })

  const write = (topic: string, value = 'value'): Promise<unknown> => kafka.produce(topic, [{ key: 'key', value }])

  interface Followed {
    readonly values: string[]
    readonly writes: ReadonlyMap<string, number>[]
    readonly caughtUp: Promise<void>
    readonly failed: Promise<unknown>
  }

  const follow = (
    topic: string,
    end: number,
    options: Partial<Following> & Partial<Following['target']> = {},
  ): Followed => {
    const values: string[] = []
    const writes: ReadonlyMap<string, number>[] = []
    const caughtUp = deferred()
    const failed = deferred()
    const store = {
      restore: ({ value }: { value: Buffer | null }) => void values.push(String(value)),
    }
    follower.add({
      taskId: topic,
      ranges: [{ store: { name: topic }, changelog: { topic, partition: 0 }, from: 0, end }],
      continuous: null,
      target: {
        replay: (fetched, range, from, proceed) =>
          replay(store, fetched, { from, end: options.continuous ? Infinity : range.end, proceed }),
        dirtyBytes: 0,
        write: options.write ?? (async (positions) => void writes.push(positions)),
      },
      caughtUp: caughtUp.resolve,
      outOfRange: () => failed.reject(new Error('out of range')),
      failed: (error) => failed.reject(error as Error),
      ...(options.continuous && { continuous: options.continuous }),
    })
    return { values, writes, caughtUp: caughtUp.promise, failed: failed.promise.catch((error: unknown) => error) }
  }

  it('reads to the end of each, and makes it durable with the offset to read next', async () => {
    await write('a', 'one')
    await write('a', 'two')
    await write('a', 'beyond the end')
    const { values, writes, caughtUp } = follow('a', 2)
    await caughtUp
    expect(values).toEqual(['one', 'two'])
    expect(writes.at(-1)).toEqual(new Map([['a-0', 2]]))
  })

  it('reads on behind the end where it is continuous, and writes what came', async () => {
    await write('a', 'one')
    const written = deferred()
    const followed = follow('a', 1, {
      continuous: { writeIntervalMs: RANGE_MS },
      write: async (positions) => {
        if (positions.get('a-0') === 2) written.resolve()
      },
    })
    await followed.caughtUp
    await write('a', 'two')
    await written.promise
    expect(followed.values).toEqual(['one', 'two'])
  })

  it('writes a task that moves away while another is written no more', async () => {
    const writing = deferred()
    const isWritten = deferred()
    const first = follow('a', 1, {
      write: () => {
        isWritten.resolve()
        return writing.promise
      },
    })
    await write('a')
    await isWritten.promise
    let closed = false
    follow('b', 2, { write: async () => expect(closed).toBe(false) })
    await write('b')
    await follower.remove('b')
    closed = true
    writing.resolve()
    await first.caughtUp
  })

  it('a failure of one task leaves the others alone', async () => {
    const broken = follow('a', 1, { write: () => Promise.reject(new Error('disk full')) })
    const sound = follow('b', 1)
    await write('a')
    await write('b')
    await sound.caughtUp
    expect(await broken.failed).toMatchObject({ message: 'disk full' })
    expect(sound.values).toEqual(['value'])
  })

  it('starts again after everything that it followed has failed', async () => {
    const broken = follow('a', 1, { write: () => Promise.reject(new Error('disk full')) })
    await write('a')
    await broken.failed
    await write('b')
    await follow('b', 1).caughtUp
  })
})
