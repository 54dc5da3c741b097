import { EmbeddedApps, failureOf, until } from '../../support/embedded-apps'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { StreamsError } from '../../../lib/errors'
import { deadLetterTopic, logAndContinue } from '../../../lib/handlers'
import * as serdes from '../../../lib/serdes'
import type { Topology } from '../../../lib/topology/topology'
import { recordingLogger } from '../runtime/processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }

const parsing = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .mapValues(
      function parse(value) {
        if (value === 'boom') throw new TypeError('boom!')
        return value
      },
      { name: 'parse' },
    )
    .to('out', text)
  return builder.build()
}

describe('a running application', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1, out: 1, dead: 1 })
  })
  afterEach(() => apps.close())

  const produce = (...values: string[]): Promise<unknown> =>
    apps.kafka.produce(
      'in',
      values.map((value) => ({ key: 'k', value })),
      text,
    )

  it('counts what it drops and the dead letters it sends, and keeps the counts when it is closed', async () => {
    const streams = apps.create(parsing(), { processingExceptionHandler: deadLetterTopic('dead') })
    expect(streams.recordCounts()).toEqual({ dropped: 0, deadLetters: 0, operators: [] })
    await streams.start()
    await produce('boom', 'x', 'boom')
    const expected = {
      dropped: 2,
      deadLetters: 2,
      operators: [{ taskId: '0_0', operator: 'parse', dropped: 2, droppedBy: { error: 2 }, deadLetters: 2 }],
    }
    await until(() => streams.recordCounts().dropped === 2)
    expect(streams.recordCounts()).toEqual(expected)
    await streams.close()
    expect(streams.recordCounts()).toEqual(expected)
  })

  it('counts what its global stores drop', async () => {
    const builder = new StreamsBuilder()
    builder.globalTable('in', { key: serdes.string(), value: serdes.long() }, { store: 'numbers' })
    builder.stream('out', text).to('dead', text)
    const streams = apps.create(builder.build(), { deserializationExceptionHandler: logAndContinue() })
    await streams.start()
    await produce('short')
    await until(() => streams.recordCounts().dropped === 1)
    expect(streams.recordCounts().operators).toEqual([expect.objectContaining({ taskId: 'global', dropped: 1 })])
    const counted = streams
      .metrics()
      .filter(({ name, tags, value }) => name === 'dropped-records-total' && tags['task-id'] === '-1_-1' && value !== 0)
    expect(counted.map(({ group, value, tags: { reason } }) => [group, reason, value])).toEqual([
      ['stream-task-metrics', undefined, 1],
      ['stream-processor-node-metrics', 'error', 1],
    ])
    for (const { tags } of counted) expect(tags['thread-id']).toMatch(/-GlobalStreamThread$/)
  })

  it('logs the error of a failure whole: code, place, cause, and the stack of the callback', async () => {
    const logger = recordingLogger()
    const streams = apps.create(parsing(), { logger })
    const failure = failureOf(streams)
    await streams.start()
    await produce('boom')
    await failure
    const [entry] = logger.entries.filter(({ level }) => level === 'error')
    const err = entry!.fields['err'] as StreamsError
    // as serializers of structured loggers see it: an Error, its own enumerable fields, and its causes
    expect(err).toBeInstanceOf(StreamsError)
    expect({ ...err }).toMatchObject({
      code: 'PROCESSING_FAILED',
      location: { operator: 'parse', taskId: '0_0', topic: 'in', partition: 0, offset: 0 },
    })
    expect(err.stack).toContain('StreamsError: operator "parse"')
    expect(err.cause).toBeInstanceOf(TypeError)
    expect((err.cause as Error).stack).toMatch(/TypeError: boom!\n\s+at parse /)
  })
})
