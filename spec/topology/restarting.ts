import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { TestDriverConfig } from '../../lib/testing'
import { drive, text } from './drive'

/** A text record for topic `in`, or for the one it names. */
export interface Piped {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly topic?: string
}

/**
 * What topic `out` gets, or the one that is named, part by part of the input: before each, the application starts somewhere else,
 * with no more than its changelogs.
 */
export const driveRestarting = async (
  build: (builder: StreamsBuilder) => unknown,
  parts: readonly (readonly Piped[])[],
  { topics = ['out'], config = {} }: { topics?: readonly string[]; config?: TestDriverConfig } = {},
): Promise<string[][]> => {
  const outputs: string[][] = []
  let changelogs: TestDriverConfig['changelogs'] = []
  let firstOffset = 0
  for (const part of parts) {
    const { driver, out } = drive(build, { ...config, changelogs, firstOffset })
    for (const { topic = 'in', key, value, timestamp } of part) {
      await driver.inputTopic(topic, text).pipe(key, value, timestamp)
    }
    outputs.push(topics.flatMap((topic) => out(topic)))
    firstOffset += part.length
    changelogs = [...changelogs, ...driver.produced()]
    await driver.close()
  }
  return outputs
}

/** The same records in so many parts. */
export const inParts = <T>(all: readonly T[], parts: number): T[][] => {
  const size = Math.ceil(all.length / parts)
  return Array.from({ length: parts }, (_, i) => all.slice(i * size, (i + 1) * size))
}
