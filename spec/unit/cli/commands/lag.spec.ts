import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import { CommandLine } from '../../../support/command-line-interface'

describe('millrace lag', () => {
  let kafka: EmbeddedKafka
  let cli: CommandLine

  beforeEach(async () => {
    kafka = new EmbeddedKafka({ topics: { orders: 2, other: 1 } })
    cli = new CommandLine(kafka)
    await kafka.produce(
      'orders',
      [0, 0, 0, 1].map((partition) => ({ value: 'v', partition })),
    )
    await kafka
      .client()
      .admin()
      .alterGroupOffsets('app', [{ topic: 'orders', partition: 0, offset: 1, metadata: '' }])
  })

  afterEach(() => kafka.close())

  it('shows what is committed, the end and the lag of each partition, and totals', async () => {
    const { code, out, err } = await cli.run('lag', '--application-id', 'app')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe(`app: Empty, 0 members

TOPIC   PARTITION  COMMITTED  END  LAG
orders          0          1    3    2
orders          1          -    1    1

TOPIC   LAG
orders    3
total     3
`)
  })

  it('prints the same as JSON', async () => {
    expect(await cli.json('lag', '--application-id', 'app')).toEqual({
      applicationId: 'app',
      state: 'Empty',
      lag: 3,
      partitions: [
        { topic: 'orders', partition: 0, committed: 1, end: 3, lag: 2 },
        { topic: 'orders', partition: 1, committed: null, end: 1, lag: 1 },
      ],
    })
  })

  it('does not count records that the log no longer has', async () => {
    await kafka
      .client()
      .admin()
      .deleteRecords([{ topic: 'orders', partition: 0, offset: 2 }])
    expect(await cli.json('lag', '--application-id', 'app')).toMatchObject({ lag: 2 })
  })

  it('repeats with --watch until it is interrupted', async () => {
    let lines = 0
    const watching: CommandLine = new CommandLine(kafka, {
      out: () => {
        if (++lines === 3) watching.interrupt()
      },
    })
    expect(
      await watching.run('lag', '--application-id', 'app', '--watch', '--json', '--interval', '1ms'),
    ).toMatchObject({
      code: 0,
    })
    expect(lines).toBe(3)
  })

  it.each([
    ['replaces what it has printed on a terminal', true, '\u001b[2J\u001b[H'],
    ['appends with the time where its output goes to a file', false, '\n2026-01-31T08:00:00.000Z\n'],
  ])('with --watch %s', async (_, readByPerson, begin) => {
    let printed = ''
    const watching: CommandLine = new CommandLine(kafka, {
      interactive: true,
      readByPerson,
      now: () => Date.parse('2026-01-31T08:00:00Z'),
      out: (text) => {
        printed += text
        if (printed.split('TOPIC   LAG').length > 2) watching.interrupt()
      },
    })
    await watching.run('lag', '--application-id', 'app', '--watch', '--interval', '1ms')
    expect(printed.split('app: Empty').map((text) => text.slice(-begin.length))).toEqual([
      begin,
      begin,
      expect.anything(),
    ])
  })

  it('suggests the group that was meant', async () => {
    expect(await cli.run('lag', '--application-id', 'apps')).toEqual({
      code: 1,
      out: '',
      err: "millrace: there is no group 'apps': did you mean 'app'? (INVALID_ARGUMENT)\n",
    })
  })

  it('wants an application id and an interval that is a duration', async () => {
    expect((await cli.run('lag')).err).toMatch(/--application-id is missing/)
    const { code, err } = await cli.run('lag', '--application-id', 'app', '--watch', '--interval', 'often')
    expect({ code, err }).toMatchObject({ code: 2, err: /--interval is "often"/.exec(err)?.input })
  })
})
