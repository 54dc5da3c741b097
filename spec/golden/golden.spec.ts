import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GoldenCase } from './case'
import { evaluate } from './evaluate'

const folder = join(__dirname, 'cases')
const cases = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenCase)
/** Cases that use operators which millrace does not have yet. */
const notYet = new Set(JSON.parse(readFileSync(join(__dirname, 'not-yet.json'), 'utf8')) as string[])

describe('equals the recorded runs of Java Kafka Streams', () => {
  test.each(cases.filter(({ name }) => !notYet.has(name)).map((golden) => [golden.name, golden] as const))('%s', async (_name, golden) => {
    expect(await evaluate(golden)).toEqual([])
  })
})

test('what is listed as not there yet is really not there', async () => {
  for (const golden of cases.filter(({ name }) => notYet.has(name))) {
    expect({ name: golden.name, differences: (await evaluate(golden)).length }).not.toEqual({ name: golden.name, differences: 0 })
  }
})
