import { StreamsBuilder } from '../../../../../lib/dsl/streams-builder'
import { deadLetterTopic } from '../../../../../lib/handlers'
import type { ReceivedRecord } from '../../../../../lib/kafka/memory'
import type { RecordHeaders } from '../../../../../lib/record/headers'
import * as serdes from '../../../../../lib/serdes'
import { CommandLine } from '../../../../support/command-line-interface'
import { EmbeddedApps } from '../../../../support/embedded-apps'

const TIME = Date.parse('2026-01-31T08:00:00Z')

interface Listed {
  partition: number
  offset: number
  key: unknown
  error: Record<string, string>
}

const deadHeaders = (exception: string, topic: string, partition = 0, offset = 0): RecordHeaders =>
  Object.entries({
    exception,
    message: `${exception} in parse`,
    stacktrace: 'Error\n    at x',
    topic,
    partition,
    offset,
  })
    .map(([name, value]): readonly [string, Buffer] => [`__streams.errors.${name}`, Buffer.from(String(value))])
    .concat([
      ['__millrace.errors.operator', Buffer.from('parse')],
      ['__millrace.errors.code', Buffer.from(exception === 'TypeError' ? 'PROCESSING_FAILED' : 'CALL_FAILED')],
    ])

describe('millrace dlq', () => {
  let apps: EmbeddedApps
  let cli: CommandLine

  beforeEach(() => {
    apps = new EmbeddedApps({ orders: 3, out: 1, dead: 2, elsewhere: 2 })
    cli = new CommandLine(apps.kafka)
  })

  afterEach(() => apps.close())

  /** Some dead letters of two errors and two topics, in both partitions. */
  const produceDead = (): Promise<void> =>
    apps.kafka.produce('dead', [
      {
        key: 'a',
        value: '{"n":1}',
        partition: 0,
        timestamp: TIME,
        headers: [['trace', Buffer.from('t1')], ...deadHeaders('TypeError', 'orders', 2, 7)],
      },
      { key: 'b', value: '2', partition: 0, timestamp: TIME + 1_000, headers: deadHeaders('RangeError', 'elsewhere') },
      {
        key: null,
        value: 'no key',
        partition: 1,
        timestamp: TIME + 2_000,
        headers: deadHeaders('TypeError', 'orders', 9, 1),
      },
    ])

  const read = async (topic: string): Promise<Pick<ReceivedRecord, 'partition' | 'key' | 'value'>[]> =>
    (await apps.kafka.read(topic)).map(({ partition, key, value }) => ({ partition, key, value }))

  it('replays what failed, as it was, to an application that no longer fails on it', async () => {
    let broken = true
    const topology = () => {
      const builder = new StreamsBuilder()
      builder
        .stream<string, string>('orders')
        .mapValues((value) => {
          if (broken && value === 'bad') throw new TypeError('not a number')
          return value
        })
        .to('out')
      return builder.build()
    }
    const app = apps.create(topology(), { processingExceptionHandler: deadLetterTopic('dead') })
    await app.start()
    const headers: RecordHeaders = [['trace', Buffer.from('t1')]]
    await apps.kafka.produce('orders', [
      { key: 'k', value: '"good"' },
      { key: 'k', value: '"bad"', partition: 2, timestamp: TIME, headers },
    ])
    for await (const record of apps.kafka.subscribe('dead')) {
      if (record.value === '"bad"') break
    }
    broken = false
    const before = (await apps.kafka.read('orders')).find(({ value }) => value === '"bad"')!
    expect(await cli.json('dlq', 'replay', 'dead', '--execute')).toMatchObject({
      replayed: { orders: 1 },
      executed: true,
    })
    const after = (await apps.kafka.read('orders')).filter(({ partition }) => partition === 2).at(-1)!
    expect(after).toEqual({ ...before, offset: after.offset })
    for await (const { value } of apps.kafka.subscribe('out')) if (value === '"bad"') break
    expect(await read('dead')).toHaveLength(1)
  })

  it('lists the records with error, source and key', async () => {
    await produceDead()
    const { code, out } = await cli.run('dlq', 'list', 'dead')
    expect(code).toBe(0)
    expect(out).toBe(`PARTITION  OFFSET  TIME                      FROM           KEY   ERROR
        0       0  2026-01-31T08:00:00.000Z  orders-2@7     a     TypeError: TypeError in parse
        0       1  2026-01-31T08:00:01.000Z  elsewhere-0@0  b     RangeError: RangeError in parse
        1       0  2026-01-31T08:00:02.000Z  orders-9@1     null  TypeError: TypeError in parse
`)
    expect(
      await cli.json('dlq', 'list', 'dead', '--partition', '0', '--to-offset', '0', '--value-format', 'json'),
    ).toEqual([
      {
        topic: 'dead',
        partition: 0,
        offset: 0,
        timestamp: TIME,
        key: 'a',
        value: { n: 1 },
        headers: [['trace', 't1']],
        source: { topic: 'orders', partition: 2, offset: 7 },
        error: {
          exception: 'TypeError',
          message: 'TypeError in parse',
          stacktrace: 'Error\n    at x',
          operator: 'parse',
          code: 'PROCESSING_FAILED',
        },
      },
    ])
  })

  it.each([
    [
      ['--exception', 'TypeError'],
      ['a', null],
    ],
    [
      ['--exception', 'TypeError,RangeError'],
      ['a', 'b', null],
    ],
    [['--message', 'RangeError in'], ['b']],
    [['--source-topic', 'elsewhere'], ['b']],
    [['--partition', '1'], [null]],
    [['--from-offset', '1'], ['b']],
    [
      ['--to-offset', '0'],
      ['a', null],
    ],
    [
      ['--since', '2026-01-31T08:00:01Z'],
      ['b', null],
    ],
    [['--until', '2026-01-31T08:00:01'], ['a']],
    [['--header', 'trace=t1'], ['a']],
    [['--header', '__streams.errors.partition=9'], [null]],
    [['--header', '__millrace.errors.code=CALL_FAILED'], ['b']],
    [['--limit', '1'], ['a']],
  ])('selects by %j', async (options, keys) => {
    await produceDead()
    const listed = await cli.json<Listed[]>('dlq', 'list', 'dead', ...options)
    expect(listed.map(({ key }) => key)).toEqual(keys)
  })

  it('counts them by error and source with --summary, and says where the limit has cut', async () => {
    await produceDead()
    expect((await cli.run('dlq', 'list', 'dead', '--summary')).out).toBe(
      'ERROR       FROM TOPIC  RECORDS\nTypeError   orders            2\nRangeError  elsewhere         1\n',
    )
    expect((await cli.run('dlq', 'list', 'dead', '--limit', '1')).err).toMatch(/There are more: raise --limit \(1\)/)
  })

  it('shows one whole', async () => {
    await produceDead()
    const { out } = await cli.run('dlq', 'show', 'dead', '0', '0')
    expect(out).toBe(`record        dead-0@0
from          orders-2@7
time          2026-01-31T08:00:00.000Z
key           a
value         {"n":1}
header trace  t1
exception     TypeError
message       TypeError in parse
operator      parse
code          PROCESSING_FAILED

Error
    at x
`)
    expect(await cli.run('dlq', 'show', 'dead', '1', '5')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/dead-1 has no record at offset 5/),
    })
  })

  it('shows bytes that are no text in hex, and no control character as such, which a terminal would obey', async () => {
    const letter = {
      key: 'k\u001b[2J\n0',
      value: Buffer.from([0xff, 0x00, 0x01]),
      timestamp: TIME,
      headers: [
        ['bytes', Buffer.from([0xc3, 0x28])],
        ['turned\u202e', Buffer.from('a\u202eb')],
        ...deadHeaders('Error', 'orders').filter(([name]) => name !== '__streams.errors.message'),
        ['__streams.errors.message', Buffer.from('first\u0007\nsecond')],
      ] as RecordHeaders,
    }
    await apps.kafka.produce('dead', [letter], { value: serdes.bytes() })
    const [{ partition, offset }] = (await cli.json<Listed[]>('dlq', 'list', 'dead')) as [Listed]
    expect((await cli.run('dlq', 'list', 'dead')).out).toContain('k\\u001b[2J…  Error: first\\u0007…\n')
    const { out } = await cli.run('dlq', 'show', 'dead', `${partition}`, `${offset}`)
    expect(out).toMatch(/^key {18}k\\u001b\[2J\n {21}0$/m)
    expect(out).toMatch(/^value {16}0xff0001$/m)
    expect(out).toMatch(/^header bytes {9}0xc328$/m)
    expect(out).toMatch(/^header turned\\u202e {2}a\\u202eb$/m)
    expect(out).toMatch(/^message {14}first\\u0007\n {21}second$/m)
    expect(await cli.json('dlq', 'list', 'dead')).toMatchObject([
      {
        key: 'k\u001b[2J\n0',
        value: '0xff0001',
        headers: [
          ['bytes', '0xc328'],
          ['turned\u202e', 'a\u202eb'],
        ],
      },
    ])
  })

  it('replays to the partition that a record came from, or by its key where that is gone', async () => {
    await produceDead()
    expect((await cli.run('dlq', 'replay', 'dead', '--execute')).out).toBe(
      'TO TOPIC   REPLAYED\norders            2\nelsewhere         1\ntotal             3\n',
    )
    expect(await read('orders')).toEqual([
      { partition: 0, key: null, value: 'no key' },
      { partition: 2, key: 'a', value: '{"n":1}' },
    ])
    const [record] = (await apps.kafka.read('orders')).filter(({ key }) => key === 'a')
    expect(record).toMatchObject({ timestamp: TIME, headers: [['trace', Buffer.from('t1')]] })
  })

  it('replays nothing without --execute', async () => {
    await produceDead()
    expect(await cli.run('dlq', 'replay', 'dead', '--source-topic', 'orders')).toEqual({
      code: 0,
      out: 'TO TOPIC  TO REPLAY\norders            2\ntotal             2\n',
      err: 'Passed over 1 that were not selected.\nNothing was changed. Add --execute to do it.\n',
    })
    expect(await read('orders')).toEqual([])
  })

  it('ends with what there was at the start, when it replays into the dead letter topic itself', async () => {
    await produceDead()
    expect(await cli.json('dlq', 'replay', 'dead', '--to', 'dead', '--execute')).toMatchObject({
      replayed: { dead: 3 },
    })
    expect(await read('dead')).toHaveLength(6)
  })

  it('replays each record once with --group, whatever was read before', async () => {
    await produceDead()
    const replay = (...args: string[]) =>
      cli.json<{ replayed: object; passedOver: number }>(
        'dlq',
        'replay',
        'dead',
        '--group',
        'replays',
        '--execute',
        ...args,
      )
    expect(await replay('--exception', 'TypeError')).toMatchObject({ replayed: { orders: 2 }, passedOver: 1 })
    expect(await replay()).toMatchObject({ replayed: {}, passedOver: 0 })
    await apps.kafka.produce('dead', [{ key: 'c', value: '3', partition: 0, headers: deadHeaders('Error', 'orders') }])
    expect(await replay()).toMatchObject({ replayed: { orders: 1 } })
  })

  it('replays in transactions of a thousand, and stops after one when it is interrupted', async () => {
    const records = Array.from({ length: 2_500 }, (_, i) => ({
      key: `${i}`,
      value: 'v',
      partition: 0,
      headers: deadHeaders('E', 'orders'),
    }))
    await apps.kafka.produce('dead', records)
    cli.interrupt()
    const { code, err } = await cli.run('dlq', 'replay', 'dead', '--group', 'g', '--execute')
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(/Interrupted/) })
    expect(await read('orders')).toHaveLength(1_000)
    expect(await new CommandLine(apps.kafka).json('dlq', 'replay', 'dead', '--group', 'g', '--execute')).toMatchObject({
      replayed: { orders: 1_500 },
    })
    expect(new Set((await read('orders')).map(({ key }) => key)).size).toBe(2_500)
  })

  it('passes over what has neither key nor value', async () => {
    await apps.kafka.produce('dead', [{ key: null, value: null, headers: deadHeaders('E', 'orders') }])
    const { code, err } = await cli.run('dlq', 'replay', 'dead', '--execute')
    expect(code).toBe(0)
    expect(err).toContain('Passed over 1 without key and value: replay their source records instead.')
    expect(await read('orders')).toEqual([])
  })

  it('tells of records without a source, and of topics that do not exist', async () => {
    await apps.kafka.produce('dead', [{ value: 'x' }, { value: 'y', headers: deadHeaders('E', 'gone') }])
    const { code, err } = await cli.run('dlq', 'replay', 'dead')
    expect(code).toBe(1)
    expect(err).toContain('Passed over 1 that no header says the topic of: give it with --to.')
    expect(err).toContain('There is no topic gone: create it, or use --to.')
    expect(await cli.run('dlq', 'replay', 'dead', '--execute')).toMatchObject({
      code: 1,
      err: "millrace: there is no topic 'gone': create it, or choose another with --to (INVALID_ARGUMENT)\n",
    })
    expect(await cli.json('dlq', 'replay', 'dead', '--to', 'orders', '--execute')).toMatchObject({
      replayed: { orders: 2 },
    })
  })

  it('lists records that tell of no error, as those of another topic', async () => {
    await apps.kafka.produce('out', [{ key: 'k', value: '1', timestamp: TIME }])
    expect((await cli.run('dlq', 'list', 'out')).out).toMatch(/^ +0 +0 +2026-01-31T08:00:00.000Z +- +k +-$/m)
  })

  it.each([
    [['list', 'nope'], 2, /there is no topic nope/],
    [['replay', 'nope'], 2, /there is no topic nope/],
    [['list', 'dead', '--partition', '7'], 1, /topic 'dead' has no partition 7: the last one is 1/],
    [['list', 'dead', '--header', 'trace'], 2, /--header is 'trace': give name=value/],
    [['list', 'dead', '--value-format', 'xml'], 2, /--value-format is 'xml'/],
    [['show', 'dead', '0'], 2, /offset is missing/],
    [['show', 'dead', 'x', '0'], 2, /the partition is 'x': give a whole number, as dlq list has it/],
    [['show', 'dead', '0', '1.5'], 2, /the offset is '1.5'/],
    [['show', 'dead', '0', '-1'], 2, /unknown option -1\n/],
  ])('refuses %j', async (args, code, message) => {
    const outcome = await cli.run('dlq', ...args)
    expect(outcome).toMatchObject({ code, out: '' })
    expect(outcome.err).toMatch(message)
  })
})
