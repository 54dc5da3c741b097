import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StreamsBuilder } from '../../../../../lib/dsl/streams-builder'
import { TimeWindows } from '../../../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../../../lib/serdes'
import { CommandLine } from '../../../../support/command-line-interface'
import { EmbeddedApps } from '../../../../support/embedded-apps'

const TIME = Date.parse('2026-01-31T08:00:00Z')

const counting = () => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', { key: serdes.string(), value: serdes.string() }).groupByKey()
  words.count('counts').toStream().to('out', { key: serdes.string(), value: serdes.long() })
  words.windowedBy(TimeWindows.of({ size: '1h' })).count('windows')
  return builder.build()
}

/** The bytes of every file below a folder. */
const contentsOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file, 'base64')]),
  )

describe('millrace state', () => {
  let apps: EmbeddedApps
  let folder: string
  const cli = new CommandLine()

  beforeEach(async () => {
    apps = new EmbeddedApps({ words: 2, out: 1 })
    folder = join(apps.stateDir('a'), 'app')
    const app = apps.create(counting())
    await app.start()
    const words = ['apple', 'apple', 'pear', 'plum']
    await apps.kafka.produce(
      'words',
      words.map((key) => ({ key, value: 'v', partition: key === 'plum' ? 1 : 0, timestamp: TIME })),
    )
    const seen = new Set<string | null>()
    for await (const { key } of apps.kafka.subscribe('out')) if (seen.add(key).size === 3) break
    await app.close()
  })

  afterEach(() => apps.close())

  it('shows tasks, stores, entries and changelog offsets, and changes nothing but its lock', async () => {
    const before = [...contentsOf(folder)].filter(([file]) => !file.includes('/lock/'))
    const { code, out } = await cli.run('state', folder, '--count')
    expect(code).toBe(0)
    expect(out).toMatch(/^TASK +STORES +BYTES ON DISK\n0_0 +2 +\d+\n0_1 +2 +\d+\n/m)
    expect(out).toMatch(/^0_0 +counts +2 +\d+$/m)
    expect(out).toMatch(/^0_1 +windows +\d+ +\d+$/m)
    expect(out).toMatch(/^0_0 +app-counts-changelog-0 +\d+$/m)
    expect([...contentsOf(folder)].filter(([file]) => !file.includes('/lock/'))).toEqual(before)
    expect(await cli.json('state', 'list', join(folder, '0_1'))).toMatchObject({
      folder,
      tasks: [
        {
          task: '0_1',
          stores: [
            { name: 'counts', entries: 1 },
            { name: 'windows', entries: expect.any(Number) },
          ],
        },
      ],
    })
    expect(await cli.json('state', apps.stateDir('a'))).toMatchObject({ folder })
  })

  it('reads one key, whichever task has it', async () => {
    const args = ['state', 'get', folder, '--store', 'counts', '--value-serde', 'long', '--key']
    expect((await cli.run(...args, 'apple')).out).toBe(
      'TASK  KEY    VALUE  TIME\n0_0   apple  2      2026-01-31T08:00:00.000Z\n',
    )
    expect(await cli.json(...args, 'plum')).toEqual([{ task: '0_1', key: 'plum', value: 1, timestamp: TIME }])
    expect(await cli.run(...args, 'fig')).toMatchObject({ code: 1, err: expect.stringMatching(/has no key 'fig'/) })
  })

  it('scans a store', async () => {
    const scan = (...args: string[]) =>
      cli.json<{ key: unknown }[]>('state', 'scan', folder, '--store', 'counts', '--value-serde', 'long', ...args)
    expect(await scan()).toEqual([
      { task: '0_0', key: 'apple', value: 2, timestamp: TIME },
      { task: '0_0', key: 'pear', value: 1, timestamp: TIME },
      { task: '0_1', key: 'plum', value: 1, timestamp: TIME },
    ])
    expect((await scan('--from', 'b', '--to', 'pear')).map(({ key }) => key)).toEqual(['pear'])
    expect((await scan('--task', '0_1', '--key-serde', 'hex')).map(({ key }) => key)).toEqual(['706c756d'])
    const { out, err } = await cli.run('state', 'scan', folder, '--store', 'counts', '--limit', '1')
    expect(out).toMatch(/apple +0x0000000000000002/)
    expect(err).toBe('There are more in 0_0: raise --limit (1), or narrow the range.\n')
  })

  it('refuses while the application runs', async () => {
    await apps.create(counting()).start()
    const { code, err } = await cli.run('state', folder)
    expect(code).toBe(1)
    expect(err).toMatch(new RegExp(`is in use: process ${process.pid} on .* runs on it.*\\(STATE_DIRECTORY_LOCKED\\)`))
  })

  it('reports damage, and leaves it for the application to find', async () => {
    rmSync(join(folder, '0_0', readFileSync(join(folder, '0_0', 'CURRENT'), 'utf8').trim()))
    const before = readdirSync(folder)
    expect(await cli.run('state', folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/damaged .*left as it is.*\(STATE_STORE_DAMAGED\)/),
    })
    expect(readdirSync(folder)).toEqual(before)
  })

  it('reports damage of the log, in the file where it is', async () => {
    const name = readdirSync(join(folder, '0_0')).find((file) => file.endsWith('.log'))!
    const file = join(folder, '0_0', name)
    const bytes = readFileSync(file)
    bytes[40]! ^= 1
    writeFileSync(file, bytes)
    const { code, err } = await cli.run('state', folder)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(`damaged (${file}: dropping`) })
  })

  it('reports a table with a flipped bit, which LevelDB itself would abort on', async () => {
    // the log becomes a table when the database is opened again
    const app = apps.create(counting())
    await app.start()
    await app.close()
    const table = readdirSync(join(folder, '0_0')).find((file) => /\.(ldb|sst)$/.test(file))!
    const file = join(folder, '0_0', table)
    const bytes = readFileSync(file)
    bytes[10]! ^= 1
    writeFileSync(file, bytes)
    for (const args of [[folder], ['get', folder, '--store', 'counts', '--key', 'apple']]) {
      expect(await cli.run('state', ...args)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/damaged .*left as it is.*\(STATE_STORE_DAMAGED\)/),
      })
    }
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })

  it('reads a copy of a folder while the application runs on the original', async () => {
    await apps.create(counting()).start()
    const copy = join(apps.stateDir('copy'), 'app')
    cpSync(folder, copy, { recursive: true, filter: (file) => !file.endsWith('lock') })
    expect(
      await cli.json('state', 'get', copy, '--store', 'counts', '--key', 'pear', '--value-serde', 'long'),
    ).toHaveLength(1)
  })

  it('tells what is wrong with the folder, the task, the store and the serde', async () => {
    const problems: [string[], number, RegExp][] = [
      [[join(folder, 'nope')], 2, /there is no folder/],
      [[apps.folder], 2, /has no state: name the folder <stateDir>\/<applicationId>/],
      [
        ['get', folder, '--store', 'count', '--key', 'x'],
        1,
        /there is no store 'count' in .*, but counts, windows \(UNKNOWN_STORE\)/,
      ],
      [
        ['get', folder, '--store', 'counts', '--key', 'x', '--task', '9_9'],
        2,
        /there is no task 9_9 in .*, but 0_0, 0_1/,
      ],
      [['get', folder, '--store', 'counts', '--key', 'x', '--key-serde', 'long'], 2, /'x' does not fit the format/],
    ]
    for (const [args, code, message] of problems) {
      const outcome = await cli.run('state', ...args)
      expect(outcome).toMatchObject({ code, out: '' })
      expect(outcome.err).toMatch(message)
    }
    cpSync(folder, join(apps.stateDir('a'), 'other'), { recursive: true })
    writeFileSync(join(apps.stateDir('a'), 'file'), '')
    expect((await cli.run('state', apps.stateDir('a'))).err).toMatch(
      /has the state of app, other: name the folder of one/,
    )
  })
})
