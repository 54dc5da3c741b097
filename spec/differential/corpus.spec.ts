import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare } from './compare'
import { runMillrace } from './millrace'
import type { Program, Result } from './program'

interface Recorded {
  readonly program: Program
  readonly java: Result
}

const recorded = (file: string): Array<readonly [number, Recorded]> =>
  readFileSync(join(__dirname, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)
    .map((each) => [each.program.seed, each])

const doesAsJava = async (_seed: number, { program, java }: Recorded): Promise<void> => {
  expect(compare(program, java, await runMillrace(program))).toEqual([])
}

/* Java's results are recorded: `npm run differential` makes fresh programs, and runs them in the real Java. */

test.each(recorded('corpus.jsonl'))('the random program of seed %d does what it does in Java', doesAsJava)

test.each(recorded('regressions.jsonl'))('seed %d, which once differed, does what it does in Java', doesAsJava)
