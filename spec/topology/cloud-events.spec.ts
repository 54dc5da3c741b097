import { readCloudEvent, writeCloudEvent } from '../../lib/record/cloud-events'
import type { ProcessorContext } from '../../lib/operators/processor'
import { drive, text } from './drive'

describe('CloudEvents in a topology', () => {
  it('are chosen by type, dated by their time, and answered by another event', async () => {
    const { driver } = drive((b) =>
      b
        .stream('in', {
          ...text,
          timestampExtractor: ({ headers, timestamp }) => Date.parse(readCloudEvent(headers)?.time ?? '') || timestamp,
        })
        .filter((_, __, { headers }) => readCloudEvent(headers)?.type === 'order.placed')
        .process<string, string>(() => {
          let context: ProcessorContext<string, string>
          return {
            init: (given) => void (context = given),
            process: (record) => {
              const { id, source } = readCloudEvent(record.headers)!
              const headers = writeCloudEvent(record.headers, { id: `${id}-1`, source, type: 'order.accepted' })
              context.forward(record.withHeaders(headers))
            },
          }
        })
        .to('out', text),
    )
    const placed = { id: '1', source: '/shop', type: 'order.placed', time: '1970-01-01T00:00:05Z' }
    const input = driver.inputTopic('in', text)
    await input.pipe('a', 'x', { timestamp: 1, headers: writeCloudEvent([['trace', null]], placed) })
    await input.pipe('a', 'y', 2)
    const records = driver.outputTopic('out', text).readRecords()
    expect(records.map(({ value, timestamp }) => [value, timestamp])).toEqual([['x', 5000]])
    expect(records[0]!.headers.map(([name]) => name)).toContain('trace')
    expect(readCloudEvent(records[0]!.headers)).toEqual({
      specversion: '1.0',
      id: '1-1',
      source: '/shop',
      type: 'order.accepted',
    })
  })

  it('that lack an attribute are dropped if a handler says so, and where an extractor reads them are an error that says where they are', async () => {
    const bad = { timestamp: 1, headers: [['ce_specversion', Buffer.from('1.0')]] as const }
    const filtered = drive(
      (b) =>
        b
          .stream('in', text)
          .filter((_, __, { headers }) => readCloudEvent(headers) !== null)
          .to('out', text),
      { processingExceptionHandler: () => 'continue' },
    )
    await filtered.input.pipe('a', 'x', bad)
    expect(filtered.out()).toEqual([])
    const dated = drive((b) =>
      b
        .stream('in', { ...text, timestampExtractor: ({ headers }) => Date.parse(readCloudEvent(headers)!.time!) })
        .to('out', text),
    )
    await expect(dated.input.pipe('a', 'x', bad)).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      message: expect.stringMatching(/at offset 0 of in-0: .* lacks ce_id, ce_source, ce_type/) as string,
      location: { topic: 'in', partition: 0, offset: 0 },
    })
  })
})
