import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GoldenCase } from './case'
import { evaluate } from './evaluate'

const folder = join(__dirname, 'cases')
const cases = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenCase)

describe('equals the recorded runs of Java Kafka Streams', () => {
  test.each(cases.map((golden) => [golden.name, golden] as const))('%s', async (_name, golden) => {
    expect(await evaluate(golden)).toEqual([])
  })
})
