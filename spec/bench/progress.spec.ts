import type { Admin } from '../../lib/kafka/port'
import { untilCommitted, type Watched } from './progress'

/** A broker with one partition of each topic. Offsets committed are those of the next step at every look at them. */
const adminWith = (
  ends: Readonly<Record<string, number>>,
  steps: readonly Readonly<Record<string, number>>[],
): Admin => {
  let step = 0
  return {
    listTopics: () => Promise.resolve(Object.keys(ends)),
    topics: (names: readonly string[]) => Promise.resolve(names.map((topic) => ({ topic, partitions: 1 }))),
    groupOffsets: () => {
      const offsets = steps[Math.min(step++, steps.length - 1)]!
      return Promise.resolve(
        new Map(Object.entries(offsets).map(([topic, offset]) => [`${topic}-0`, { offset, metadata: '' }])),
      )
    },
    listOffsets: (asked: readonly { topic: string }[]) =>
      Promise.resolve(new Map(asked.map(({ topic }) => [`${topic}-0`, ends[topic]!]))),
  } as Partial<Admin> as Admin
}

const watched = (more: Partial<Watched> = {}): Watched => ({
  applicationId: 'app',
  inputs: ['lines'],
  exactlyOnce: false,
  requireAlive: () => {},
  ...more,
})

describe('untilCommitted', () => {
  it('tells how much was committed when, until it is all', async () => {
    const admin = adminWith({ lines: 10 }, [{}, { lines: 4 }, { lines: 4 }, { lines: 10 }])
    const samples = await untilCommitted(admin, watched(), 0)
    expect(samples.map(({ done }) => done)).toEqual([0, 4, 10])
    expect(samples[0]!.at).toBe(0)
    expect(samples[2]!.at).toBeGreaterThan(samples[1]!.at)
  })

  it('waits for what the application reads from its own topics, and for nothing else', async () => {
    const ends = {
      lines: 1,
      'app-words-repartition': 2,
      'app-counts-changelog': 9,
      'app-out': 9,
      'app2-x-repartition': 9,
    }
    const admin = adminWith(ends, [{ lines: 1 }, { lines: 1, 'app-words-repartition': 2 }])
    expect((await untilCommitted(admin, watched(), 0)).at(-1)!.done).toBe(3)
  })

  it('does not wait for the marker that ends a transaction', async () => {
    const admin = adminWith({ lines: 1, 'app-words-repartition': 3 }, [{ lines: 1, 'app-words-repartition': 2 }])
    expect((await untilCommitted(admin, watched({ exactlyOnce: true }), 0)).at(-1)!.done).toBe(3)
  })

  it('says what is missing when nothing is committed any more', async () => {
    const admin = adminWith({ lines: 10 }, [{ lines: 4 }])
    await expect(untilCommitted(admin, watched({ stalledMs: 1 }), 0)).rejects.toThrow(
      'app has committed nothing for 0.001 s. Missing: lines-0 at 4 of 10',
    )
  })

  it('ends when the application has ended', async () => {
    const requireAlive = (): void => {
      throw new Error('java ended')
    }
    await expect(untilCommitted(adminWith({ lines: 1 }, [{}]), watched({ requireAlive }), 0)).rejects.toThrow(
      'java ended',
    )
  })
})
