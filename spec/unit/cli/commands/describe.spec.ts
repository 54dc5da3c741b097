import { join } from 'node:path'
import { wordCount } from '../../../../examples/01-word-count/topology'
import { CommandLine } from '../../../support/command-line-interface'

const EXAMPLE = join(__dirname, '../../../../examples/01-word-count/topology.ts')
const MODULES = join(__dirname, '../modules')
const FUNCTION = join(MODULES, 'function.ts')
const cli = new CommandLine()

describe('millrace describe', () => {
  it('prints the text of a topology that the named export returns', async () => {
    const { code, out, err } = await cli.run('describe', EXAMPLE, '--export', 'wordCount')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe(`${wordCount().describe().trimEnd()}\n`)
  })

  it('takes the export `topology`, and waits for a promise', async () => {
    const { out } = await cli.run('describe', FUNCTION)
    expect(out).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: [in])')
  })

  it('takes what a CommonJS module is, and builds a StreamsBuilder', async () => {
    const { out } = await cli.run('describe', join(MODULES, 'common.cjs'))
    expect(out).toContain('(topic: js)')
  })

  it('prints the description as JSON', async () => {
    const expected = wordCount().description
    expect(JSON.parse((await cli.run('describe', EXAMPLE, '--export=wordCount', '--format=json')).out)).toEqual(
      expected,
    )
    expect(await cli.json('describe', EXAMPLE, '--export', 'wordCount')).toEqual(expected)
  })

  it('prints a Mermaid chart', async () => {
    const { out } = await cli.run('describe', FUNCTION, '--format', 'mermaid')
    expect(out).toBe(`flowchart TD
  t0[/"in"/]
  t1[/"out"/]
  subgraph b0["Sub-topology 0"]
    n0(["KSTREAM-SOURCE-0000000000"])
    n1(["KSTREAM-SINK-0000000001"])
  end
  t0 --> n0
  n0 --> n1
  n1 --> t1
`)
  })

  it('prints an SVG image', async () => {
    const { code, out } = await cli.run('describe', FUNCTION, '--format', 'svg')
    expect(code).toBe(0)
    expect(out).toMatch(/^<svg xmlns[^]*data-topic="in"[^]*<\/svg>\n$/)
  })

  it.each([
    [[join(MODULES, 'none.ts')], 2, /there is no module .*none\.ts/],
    [[MODULES], 2, /there is no module/],
    [[EXAMPLE], 2, /has no export topology or default; it exports wordCount: choose one of them with --export/],
    [[FUNCTION, '--export', 'other'], 2, /export other of .* is no Topology/],
    [[FUNCTION, '--export', 'failing'], 1, /export failing of .* has thrown: no settings \(INVALID_TOPOLOGY\)/],
    [[FUNCTION, '--format', 'png'], 2, /--format is 'png': give text, json, mermaid or svg/],
    [[], 2, /module is missing: the file to import/],
    [[EXAMPLE, 'more'], 2, /unexpected argument 'more'/],
  ])('reports what is wrong with %j', async (args, code, message) => {
    const outcome = await cli.run('describe', ...args)
    expect(outcome).toMatchObject({ code, out: '' })
    expect(outcome.err).toMatch(message)
    expect(outcome.err).not.toContain('    at ')
  })
})
