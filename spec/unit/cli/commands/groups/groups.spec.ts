import { StreamsBuilder } from '../../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../../lib/serdes'
import { CommandLine } from '../../../../support/command-line-interface'
import { EmbeddedApps } from '../../../../support/embedded-apps'

interface Offset {
  topic: string
  partition: number
  from: number | null
  to: number
}

const HOUR = 3_600_000
const NOW = Date.parse('2026-01-31T12:00:00Z')

const counting = () => {
  const builder = new StreamsBuilder()
  builder.stream('orders', { key: serdes.string(), value: serdes.string() }).groupByKey().count('counts')
  return builder.build()
}

describe('millrace groups', () => {
  let apps: EmbeddedApps
  let cli: CommandLine

  beforeEach(async () => {
    apps = new EmbeddedApps({ orders: 2 })
    cli = new CommandLine(apps.kafka, { now: () => NOW })
    const at = (hours: number, partition: number) => ({
      key: 'k',
      value: 'v',
      timestamp: NOW - hours * HOUR,
      partition,
    })
    await apps.kafka.produce('orders', [at(5, 0), at(3, 0), at(1, 0), at(2, 1)])
  })

  afterEach(() => apps.close())

  /** Committed offsets as a stopped application has left them. */
  const setOffsets = (...offsets: number[]): Promise<void> =>
    apps.kafka
      .client()
      .admin()
      .alterGroupOffsets(
        'app',
        offsets.map((offset, partition) => ({ topic: 'orders', partition, offset, metadata: 'm' })),
      )

  const committed = async (): Promise<(number | undefined)[]> => {
    const offsets = await apps.kafka.client().admin().groupOffsets('app')
    return [offsets.get('orders-0')?.offset, offsets.get('orders-1')?.offset]
  }

  it('lists and describes a running application with its members and their tasks', async () => {
    const app = apps.create(counting())
    await app.start()
    expect((await cli.run('groups', 'list')).out).toMatch(/^GROUP +STATE +TYPE\napp +Stable +consumer\n$/)
    expect(await cli.json('groups', 'list', '--state', 'empty')).toEqual([])
    const described = await cli.json<Record<string, unknown>>('groups', 'describe', 'app')
    expect(described).toMatchObject({
      groupId: 'app',
      state: 'Stable',
      assignor: 'millrace',
      members: [
        {
          tasks: ['0_0', '0_1'],
          partitions: [
            { topic: 'orders', partition: 0 },
            { topic: 'orders', partition: 1 },
          ],
        },
      ],
    })
    const text = (await cli.run('groups', 'describe', 'app')).out
    for (const heading of [/^GROUP +STATE +ASSIGNOR/m, /^MEMBER +INSTANCE ID/m, /^TOPIC +PARTITION/m]) {
      expect(text).toMatch(heading)
    }
    const members = (await cli.run('groups', 'describe', 'app', '--members')).out
    expect(members).toMatch(/^MEMBER .*\n.* 0_0 0_1 +2\n$/)
  })

  it.each([['reset-offsets', '--to-earliest'], ['delete-offsets', '--input-topic=orders'], ['delete']])(
    '%s refuses while the application runs',
    async (command, ...args) => {
      await setOffsets(1, 1)
      await apps.create(counting()).start()
      const { code, err } = await cli.run('groups', command, 'app', ...args, '--execute')
      expect({ code, err }).toMatchObject({
        code: 1,
        err: expect.stringMatching(/group 'app' has 1 live member .*stop every instance first.*\(ILLEGAL_STATE\)/),
      })
    },
  )

  it('reset-offsets only shows what it would do without --execute', async () => {
    await setOffsets(3, 1)
    const { code, out, err } = await cli.run('groups', 'reset-offsets', 'app', '--to-earliest')
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'TOPIC   PARTITION  FROM  TO\norders          0     3   0\norders          1     1   0\n',
      err: 'Nothing was changed. Add --execute to do it.\n',
    })
    expect(await committed()).toEqual([3, 1])
  })

  it.each([
    [['--to-earliest'], [0, 0]],
    [['--to-latest'], [3, 1]],
    [
      ['--to-datetime', '2026-01-31T09:00:00'],
      [1, 0],
    ],
    [
      ['--to-datetime', '2026-01-31T10:30:00+00:00'],
      [2, 1],
    ],
    [
      ['--by-duration', '90m'],
      [2, 1],
    ],
    [
      ['--by-duration', 'PT4H'],
      [1, 0],
    ],
    [['--shift-by=-1'], [1, 0]],
    [
      ['--shift-by', '9'],
      [3, 1],
    ],
    [
      ['--to-offset', '1'],
      [1, 1],
    ],
    [
      ['--to-offset', '1', '--input-topic', 'orders'],
      [1, 1],
    ],
  ])('reset-offsets sets them %j', async (target, expected) => {
    await setOffsets(2, 1)
    const { executed, offsets } = await cli.json<{ executed: boolean; offsets: Offset[] }>(
      'groups',
      'reset-offsets',
      'app',
      ...target,
      '--execute',
    )
    expect(executed).toBe(true)
    expect(offsets.map(({ from, to }) => [from, to])).toEqual([
      [2, expected[0]],
      [1, expected[1]],
    ])
    expect(await committed()).toEqual(expected)
    expect((await apps.kafka.client().admin().groupOffsets('app')).get('orders-0')?.metadata).toBe('')
  })

  it.each([
    [['--to-earliest', '--to-latest'], 2, /--to-earliest and --to-latest exclude each other/],
    [[], 2, /say where to/],
    [['--to-datetime', 'yesterday'], 2, /--to-datetime is 'yesterday'/],
    [['--by-duration', '5 years'], 2, /--by-duration is "5 years"/],
    [['--by-duration', 'PT'], 2, /--by-duration is "PT"/],
    [['--shift-by', 'x'], 2, /--shift-by is 'x': give a whole number/],
    [['--to-latest', '--input-topic', 'nope'], 2, /there is no topic nope/],
    [['--to-latest', '--execute', '--dry-run'], 2, /--execute and --dry-run exclude each other/],
  ])('reset-offsets refuses %j', async (args, code, message) => {
    await setOffsets(2, 1)
    const outcome = await cli.run('groups', 'reset-offsets', 'app', ...args)
    expect(outcome).toMatchObject({ code, out: '' })
    expect(outcome.err).toMatch(message)
    expect(await committed()).toEqual([2, 1])
  })

  it('delete-offsets deletes those of the topics that it names', async () => {
    await setOffsets(2, 1)
    await cli.run('groups', 'delete-offsets', 'app', '--input-topic', 'orders')
    expect(await committed()).toEqual([2, 1])
    expect(await cli.json('groups', 'delete-offsets', 'app', '--input-topic', 'orders', '--execute')).toMatchObject({
      offsets: [
        { topic: 'orders', partition: 0, offset: 2 },
        { topic: 'orders', partition: 1, offset: 1 },
      ],
    })
    expect(await committed()).toEqual([undefined, undefined])
  })

  it('delete-offsets refuses topics that the group has no offsets in, and deletes nothing then', async () => {
    await setOffsets(2, 1)
    expect(
      await cli.run('groups', 'delete-offsets', 'app', '--input-topic', 'orders,oders', '--execute'),
    ).toMatchObject({
      code: 2,
      err: expect.stringMatching(/app has no offsets in oders, but in orders/),
    })
    expect(await committed()).toEqual([2, 1])
  })

  it('delete deletes the group', async () => {
    await setOffsets(2, 1)
    expect((await cli.run('groups', 'delete', 'app')).out).toBe('would delete group app with 2 offsets\n')
    expect((await cli.run('groups', 'delete', 'app', '--execute')).out).toBe('deleted group app with 2 offsets\n')
    expect(await cli.json('groups', 'list')).toEqual([])
    expect((await cli.run('groups', 'delete', 'app', '--execute')).err).toMatch(/there is no group 'app'/)
  })
})
