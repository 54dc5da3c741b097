import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { drive, text } from './drive'

type Words = KStream<string, string>
type Rows = KTable<string, string>

/** Without its type, which some of the operators refuse. */
const later = (async () => 'later') as unknown as () => never

const callbacks: ReadonlyArray<readonly [string, (words: Words, rows: Rows, others: Words) => unknown]> = [
  ['filter', (words) => words.filter(later)],
  ['filterNot', (words) => words.filterNot(later)],
  ['map', (words) => words.map(later)],
  ['mapValues', (words) => words.mapValues(later)],
  ['flatMap', (words) => words.flatMap(later)],
  ['flatMapValues', (words) => words.flatMapValues(later)],
  ['selectKey', (words) => words.selectKey(later)],
  ['groupBy', (words) => words.groupBy(later).count()],
  ['branch', (words) => words.split().branch(later, 'a')],
  ['a reducer', (words) => words.groupByKey().reduce(later)],
  ['an initializer', (words) => words.groupByKey().aggregate(later, (sum) => sum)],
  ['an aggregator', (words) => words.groupByKey().aggregate(() => '', later)],
  [
    'an aggregator of windows',
    (words) =>
      words
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: '1m' }))
        .aggregate(() => '', later),
  ],
  [
    'an initializer of sessions',
    (words) =>
      words
        .groupByKey()
        .windowedBy(SessionWindows.of({ inactivityGap: '1m' }))
        .aggregate(
          later,
          (sum) => sum,
          (sum) => sum,
        ),
  ],
  ['a joiner of a stream and a table', (words, rows) => words.leftJoin(rows, later)],
  [
    'a joiner of two streams',
    (words, _, others) => words.join(others, later, JoinWindows.of({ timeDifference: '1m' })),
  ],
  ['a joiner of two tables', (_, rows) => rows.leftJoin(rows, later)],
  ['a foreign key', (_, rows) => rows.join(rows, later, (left) => left)],
  ['mapValues of a table', (_, rows) => rows.mapValues(later)],
  ['filter of a table', (_, rows) => rows.filter(later)],
  ['groupBy of a table', (_, rows) => rows.groupBy(later).count()],
]

test('what is no iterable is refused as the result of flatMapValues', async () => {
  const { input } = drive((builder) => {
    builder
      .stream('in', text)
      .flatMapValues((word) => ({ word }) as unknown as string[])
      .to('out', text)
  })
  await expect(input.pipe('a', '1')).rejects.toThrow(/KSTREAM-FLATMAPVALUES.* iterable/)
})

describe('a promise is refused, with what to do, as the result of', () => {
  test.each(callbacks)('%s', async (_, define) => {
    const { driver, input } = drive((builder) => {
      const words = builder.stream('in', text)
      define(words, words.toTable({ store: 'rows' }), builder.stream('others', text))
    })
    const others = driver.inputTopic('others', text)
    const piped = async () => {
      await others.pipe('a', 'other')
      for (const value of ['1', '2']) await input.pipe('a', value)
    }
    await expect(piped()).rejects.toThrow(/returned a promise.* mapValuesAsync/)
  })
})

test.each<[string, string, (words: Words, rows: Rows) => unknown]>([
  ['a processor', 'in', (words) => words.process(() => ({ ...connecting }))],
  ['a processor of values', 'in', (words) => words.processValues(() => ({ ...connecting }))],
  [
    'a transformer',
    'rows',
    (_, rows) => rows.transformValues(() => ({ ...connecting, transform: () => 'value' }), 'store'),
  ],
])(
  'an init of %s that returns a promise is refused: records would come before it is done',
  async (_name, topic, build) => {
    const piped = async () => {
      const { driver } = drive((builder) => build(builder.stream('in', text), builder.table('rows', text)))
      await driver.inputTopic(topic, text).pipe('k', 'v')
    }
    await expect(piped()).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      message: expect.stringMatching(
        /^init\(\) of processor "K.+" failed: it returned a promise, and nothing waits for it: await what it needs before the application starts, or in process\(\)$/,
      ) as string,
    })
  },
)

const connecting = { init: () => Promise.reject(new Error('no connection')), process: () => undefined }

it.each<readonly [string, string, (words: Words, rows: Rows, close: () => Promise<void>) => unknown]>([
  ['a processor', 'in', (words, _, close) => words.process(() => ({ process: () => {}, close }))],
  ['a processor of values', 'in', (words, _, close) => words.processValues(() => ({ process: () => {}, close }))],
  [
    'a transformer',
    'rows',
    (_, rows, close) => rows.transformValues(() => ({ transform: () => 'value', close }), 'store'),
  ],
  [
    'a transformer whose rows others read',
    'rows',
    (words, rows, close) =>
      words.join(
        rows.transformValues(() => ({ transform: () => 'value', close })),
        () => 'joined',
      ),
  ],
])('a close of %s that returns a promise is waited for, and its rejection is reported', async (_name, topic, build) => {
  const closed: string[] = []
  const close = async (): Promise<void> => {
    await new Promise(setImmediate)
    closed.push('closed')
    throw new Error('still in use')
  }
  const { driver } = drive((builder) => build(builder.stream('in', text), builder.table('rows', text), close))
  await driver.inputTopic(topic, text).pipe('k', 'v')
  await expect(driver.close()).rejects.toMatchObject({
    code: 'PROCESSING_FAILED',
    message: expect.stringMatching(/^close\(\) of processor "K.+" failed: still in use$/) as string,
  })
  expect(closed).toContain('closed')
})
