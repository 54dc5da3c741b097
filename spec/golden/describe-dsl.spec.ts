import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDslProgram } from './dsl-program'

interface RecordedProgram {
  readonly calls: readonly string[]
  /** What `Topology#describe` of Java Kafka Streams 4.2.0 gave for the same calls. */
  readonly expect: string
}

const lines = readFileSync(join(__dirname, 'describe-dsl.jsonl'), 'utf8').trim().split('\n')
const programs = lines.map((line, i): [number, RecordedProgram] => [i + 1, JSON.parse(line) as RecordedProgram])

describe('DSL programs of random calls, built by Java Kafka Streams', () => {
  test('are all there', () => expect(programs).toHaveLength(200))

  test.each(programs)('line %i gives the same topology', (_, { calls, expect: text }) => {
    expect(runDslProgram(calls).describe()).toBe(text)
  })
})
