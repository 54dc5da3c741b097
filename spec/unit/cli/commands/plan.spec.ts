import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UpgradePlan } from '../../../../lib/cli/plan/compare'
import type { KStream } from '../../../../lib/dsl/kstream'
import type { KTable } from '../../../../lib/dsl/ktable'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { TopologyTestDriver } from '../../../../lib/testing'
import { CommandLine } from '../../../support/command-line-interface'

type Words = KStream<string, string>

const topology = (...parts: ((words: Words, builder: StreamsBuilder) => unknown)[]): Topology => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', { key: serdes.string(), value: serdes.string() })
  for (const part of parts) part(words, builder)
  return builder.build()
}

const count = (store?: string) => (words: Words) =>
  store === undefined ? words.groupByKey().count() : words.groupByKey().count(store)
const filtered = (words: Words): Words => words.filter((word) => word !== '')
const perWord = (name?: string) => (words: Words) =>
  words.groupBy((word) => word, { key: serdes.string(), ...(name === undefined ? {} : { name }) }).count('per-word')

describe('millrace plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-plan-'))
  const cli = new CommandLine(undefined, { cwd: folder })

  afterAll(() => rmSync(folder, { recursive: true }))

  const plan = async (
    before: Topology,
    after: Topology,
    ...args: string[]
  ): Promise<UpgradePlan & { code: number }> => {
    writeFileSync(join(folder, 'old.txt'), before.describe())
    writeFileSync(join(folder, 'new.json'), JSON.stringify(after.description))
    const { code, out } = await cli.run('plan', 'old.txt', 'new.json', '--json', ...args)
    return { code, ...(JSON.parse(out) as UpgradePlan) }
  }

  it('allows a rolling update where nothing differs', async () => {
    expect(await plan(topology(count('counts')), topology(count('counts')))).toEqual({
      code: 0,
      rollOut: 'rolling',
      losesState: false,
      findings: [],
      renames: {},
      kept: ['counts'],
      generatedNames: [],
      accepted: [],
    })
  })

  it('finds a stateless operator safe where stores are named', async () => {
    expect(
      await plan(
        topology(count('counts')),
        topology((words) => count('counts')(filtered(words))),
      ),
    ).toMatchObject({
      code: 0,
      rollOut: 'stop-all',
      losesState: false,
      findings: [],
      kept: ['counts'],
    })
  })

  it('finds the number of a generated name that moves', async () => {
    const found = await plan(
      topology(count()),
      topology((words) => count()(filtered(words))),
    )
    expect(found).toMatchObject({
      code: 3,
      losesState: true,
      findings: [
        {
          kind: 'store-number-moved',
          name: 'KSTREAM-AGGREGATE-STATE-STORE-0000000001',
          to: 'KSTREAM-AGGREGATE-STATE-STORE-0000000002',
        },
      ],
      kept: [],
    })
  })

  it('finds a generated name that now belongs to another operator', async () => {
    const others = (_: Words, builder: StreamsBuilder) => builder.stream<string, string>('others').groupByKey().count()
    const swapped = new StreamsBuilder()
    swapped.stream<string, string>('others').groupByKey().count()
    swapped.stream<string, string>('words').groupByKey().count()
    const found = await plan(topology(count(), others), swapped.build())
    expect(found.code).toBe(3)
    expect(found.findings.map(({ kind, name }) => [kind, name])).toEqual([
      ['store-taken-over', 'KSTREAM-AGGREGATE-STATE-STORE-0000000001'],
      ['store-taken-over', 'KSTREAM-AGGREGATE-STATE-STORE-0000000004'],
    ])
  })

  it('lists the names to give in the new topology: with them it loses nothing, and continues with the state', async () => {
    const out = (words: Words, store?: string) =>
      (count(store)(words) as KTable<string, number>).toStream().to('out', { value: serdes.long() })
    const before = topology((words) => out(words))
    const { renames } = await plan(
      before,
      topology((words) => out(filtered(words))),
    )
    const name = renames['KSTREAM-AGGREGATE-STATE-STORE-0000000002']
    const after = topology((words) => out(filtered(words), name))
    expect(await plan(before, after)).toMatchObject({ code: 0, losesState: false, renames: {}, kept: [name] })

    const old = new TopologyTestDriver(before)
    await old.inputTopic('words').pipe('a', 'x')
    const driver = new TopologyTestDriver(after, { changelogs: old.produced() })
    await driver.inputTopic('words').pipe('a', 'y')
    expect(driver.outputTopic('out', { value: serdes.long() }).readKeyValues()).toEqual([['a', 2]])
    await old.close()
    await driver.close()
  })

  it('lists the names of stores that have swapped theirs, of stores that seem renamed, and of repartition topics', async () => {
    const others = (_: Words, builder: StreamsBuilder) => builder.stream<string, string>('others').groupByKey().count()
    const swapped = new StreamsBuilder()
    swapped.stream<string, string>('others').groupByKey().count()
    swapped.stream<string, string>('words').groupByKey().count()
    expect((await plan(topology(count(), others), swapped.build())).renames).toEqual({
      'KSTREAM-AGGREGATE-STATE-STORE-0000000001': 'KSTREAM-AGGREGATE-STATE-STORE-0000000004',
      'KSTREAM-AGGREGATE-STATE-STORE-0000000004': 'KSTREAM-AGGREGATE-STATE-STORE-0000000001',
    })
    expect((await plan(topology(count('counts')), topology(count('totals')))).renames).toEqual({ totals: 'counts' })
    const repartitioned = (name?: string) => (words: Words) =>
      words.repartition(name === undefined ? {} : { name }).to('out')
    const before = topology(repartitioned())
    const { renames } = await plan(
      before,
      topology((words) => repartitioned()(filtered(words))),
    )
    const [name] = Object.values(renames)
    const after = topology((words) => repartitioned(name)(filtered(words)))
    expect(await plan(before, after)).toMatchObject({ code: 0, renames: {} })
  })

  it('finds a store that is lost, renamed or new', async () => {
    const lost = await plan(topology(count('counts'), count('more')), topology(count('counts')))
    expect(lost).toMatchObject({ code: 3, findings: [{ kind: 'store-lost', name: 'more' }], kept: ['counts'] })
    const renamed = await plan(topology(count('counts')), topology(count('totals')))
    expect(renamed).toMatchObject({ code: 3, findings: [{ kind: 'store-renamed', name: 'counts', to: 'totals' }] })
    const added = await plan(topology(count('counts')), topology(count('counts'), count('more')))
    expect(added).toMatchObject({ code: 0, findings: [{ kind: 'store-added', name: 'more' }] })
  })

  it('takes a loss that is accepted', async () => {
    const found = await plan(topology(count('counts')), topology(count('totals')), '--accept', 'counts')
    expect(found).toMatchObject({ code: 0, losesState: true, accepted: ['counts'] })
  })

  it('finds repartition topics that change', async () => {
    const moved = await plan(topology(perWord('by-word')), topology(perWord('by-text')))
    expect(moved).toMatchObject({
      code: 3,
      findings: [{ kind: 'repartition-lost', name: 'by-word-repartition' }, { kind: 'repartition-added' }],
      kept: ['per-word'],
    })
    const gone = await plan(topology(perWord('by-word')), topology(count('per-word')))
    expect(gone).toMatchObject({ code: 3, kept: ['per-word'] })
    expect(gone.findings.map(({ kind }) => kind)).toEqual(['store-moved', 'repartition-lost'])
    const more = topology((words, builder) => perWord('by-word')(words.merge(builder.stream<string, string>('more'))))
    const other = await plan(topology(perWord('by-word')), more)
    expect(other.findings.map(({ kind }) => kind)).toEqual(['partitions-may-differ', 'input-added'])
    const added = await plan(topology(count('counts')), topology(count('counts'), perWord('by-word')))
    expect(added).toMatchObject({ code: 0, losesState: false })
  })

  it('tells of inputs and outputs', async () => {
    const found = await plan(
      topology((words) => words.to('a')),
      topology(
        (words) => words.to('b'),
        (_, builder) => builder.stream('more').to('b2'),
      ),
    )
    expect(found.code).toBe(0)
    expect(found.findings.map(({ kind, name }) => [kind, name])).toEqual([
      ['input-added', 'more'],
      ['output-added', 'b'],
      ['output-added', 'b2'],
      ['output-removed', 'a'],
    ])
  })

  it('says it in words', async () => {
    await plan(
      topology(count()),
      topology(
        (words) => count()(filtered(words)),
        (words) => words.to('out'),
      ),
    )
    const { code, out } = await cli.run('plan', 'old.txt', 'new.json')
    expect(code).toBe(3)
    expect(out)
      .toBe(`Roll-out: stop all instances, then start the new version. Instances with different topologies can't share tasks.

Loses state:
  store KSTREAM-AGGREGATE-STATE-STORE-0000000001 has a generated name whose number moved: KSTREAM-AGGREGATE-STATE-STORE-0000000002 starts empty, and the changelog of KSTREAM-AGGREGATE-STATE-STORE-0000000001 is no longer read. To keep the state, give it that name: count('KSTREAM-AGGREGATE-STATE-STORE-0000000001'), { store: 'KSTREAM-AGGREGATE-STATE-STORE-0000000001' }.

Changes:
  topic out is a new output: it has to exist.

Names to give in the new topology, so that nothing is lost:
  KSTREAM-AGGREGATE-STATE-STORE-0000000002: 'KSTREAM-AGGREGATE-STATE-STORE-0000000001'

Generated names, which move when operators are added above them: KSTREAM-AGGREGATE-STATE-STORE-0000000002
`)
  })

  it('compares modules, too', async () => {
    const module = join(__dirname, '../modules/function.ts')
    expect(await cli.run('plan', module, module)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Roll-out: rolling/),
    })
  })

  it('refuses files that are no topologies', async () => {
    writeFileSync(join(folder, 'readme.md'), '# hello')
    writeFileSync(join(folder, 'broken.json'), '{ "subtopologies": 1 }')
    writeFileSync(join(folder, 'good.txt'), topology(count()).describe())
    for (const file of ['readme.md', 'broken.json', 'none.txt']) {
      const { code, err } = await cli.run('plan', 'good.txt', file)
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(/is no topology|there is no file .*none\.txt\n/),
      })
    }
    expect((await cli.run('plan', 'good.txt', '.')).err).toMatch(/ can't be read: EISDIR/)
  })
})
