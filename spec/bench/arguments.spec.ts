import { parseBenchArguments } from './arguments'
import { COSTS } from './costs'
import { WORKLOADS } from './workloads'

describe('the command line of the benchmarks', () => {
  it('takes a row, three rounds of its own length and guarantee', () => {
    expect(parseBenchArguments(['reduce'])).toEqual({
      kind: 'run',
      command: 'reduce',
      values: {
        list: false,
        records: undefined,
        rounds: 3,
        'extra-rounds': 3,
        guarantee: undefined,
        quix: false,
        check: false,
      },
    })
  })

  it('takes all rows, and other lengths, rounds and guarantees', () => {
    const options = ['--records', '500', '--rounds', '5', '--extra-rounds', '0', '--guarantee', 'exactly_once']
    expect(parseBenchArguments(['all', ...options])).toMatchObject({
      command: 'all',
      values: { records: 500, rounds: 5, 'extra-rounds': 0, guarantee: 'exactly_once' },
    })
  })

  it.each(Object.keys(COSTS))('takes %s, which is no row', (command) => {
    expect(parseBenchArguments([command, '--rounds', '5'])).toMatchObject({ command, values: { rounds: 5 } })
  })

  it('lists every row with a line, whether or not one is named', () => {
    const listed = parseBenchArguments(['--list']) as { text: string; exitCode: number }
    expect(listed.exitCode).toBe(0)
    expect(listed.text.split('\n').map((line) => line.split(' ')[0])).toEqual(WORKLOADS.map(({ name }) => name))
    expect(parseBenchArguments(['reduce', '--list'])).toEqual(listed)
  })

  it('refuses to check rows of another length or guarantee than the recorded ones', () => {
    const refused = { kind: 'stop', text: expect.stringContaining('drop --records'), exitCode: 2 }
    expect(parseBenchArguments(['reduce', '--check', '--records', '5'])).toEqual(refused)
    expect(parseBenchArguments(['reduce', '--check', '--guarantee', 'exactly_once'])).toEqual(refused)
    expect(parseBenchArguments(['reduce', '--check', '--rounds', '5'])).toMatchObject({ kind: 'run' })
  })

  it('names the rows when it is given none of them', () => {
    expect(parseBenchArguments(['reuce'])).toMatchObject({ kind: 'stop', exitCode: 2 })
    expect(parseBenchArguments([])).toMatchObject({ text: expect.stringContaining('stream-stream-join') })
  })
})
