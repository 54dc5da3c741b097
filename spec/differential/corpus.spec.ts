import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare } from './compare'
import { runMillrace } from './millrace'
import type { Program, Result } from './program'

/** Random programs with what the real Java made of them: `npm run differential` makes fresh ones. */
const corpus = readFileSync(join(__dirname, 'corpus.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { program: Program; java: Result })

test.each(corpus.map(({ program, java }) => [program.seed, program, java] as const))(
  'the random program of seed %d does what it does in Java',
  async (_seed, program, java) => {
    expect(compare(program, java, await runMillrace(program))).toEqual([])
  },
)
