import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { NO_HEADERS } from '../../../../lib/record/headers'
import * as serdes from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import { fetched, type FetchedRecord, taskOf, type TaskUnderTest } from './processing-under-test'

const IN = { topic: 'in', partition: 0 }
const text = { key: serdes.string(), value: serdes.string() }
const RECORDS: readonly FetchedRecord[] = [
  { offset: 0, key: 'a', value: 'x' },
  { offset: 1, key: 'b', value: 'y' },
]

interface Options {
  readonly value?: Serde<unknown>
  readonly config?: Parameters<typeof taskOf>[2]
  readonly records?: readonly FetchedRecord[]
}

const taskReading = async ({ value = serdes.string(), config }: Options): Promise<TaskUnderTest> => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string(), value })
    .mapValues(() => '')
    .to('out', text)
  const under = await taskOf(builder.build(), [IN], config)
  under.task.initialize(new Map())
  return under
}

/** How many of two fetches, of which the second has plain records, are released when both are processed. */
const releasedOf = async (options: Options): Promise<boolean[]> => {
  const { task, run } = await taskReading(options)
  const fetches = [options.records ?? RECORDS, [{ offset: 2, key: 'c', value: 'z' }]].map((records) => {
    const release = jest.fn()
    task.addRecords({ ...fetched(IN, records), release })
    return release
  })
  run()
  return fetches.map(({ mock }) => mock.calls.length === 1)
}

describe('the memory of fetched records', () => {
  it('is released when all of them are processed, not before', async () => {
    const { task } = await taskReading({})
    const release = jest.fn()
    task.addRecords({ ...fetched(IN, RECORDS), release })
    task.process()
    expect(release).not.toHaveBeenCalled()
    task.process()
    task.process()
    expect(release).toHaveBeenCalledTimes(1)
  })

  it('is released fetch by fetch', async () => {
    expect(await releasedOf({})).toEqual([true, true])
  })

  it('is not released where a serde of the user has seen it', async () => {
    const views: Buffer[] = []
    const value: Serde<unknown> = {
      serialize: () => Buffer.alloc(0),
      deserialize: (_topic, bytes) => views.push(bytes),
    }
    expect(await releasedOf({ value })).toEqual([false, false])
    expect(views.map(String)).toEqual(['x', 'y', 'z'])
  })

  it('is not released where a record has headers', async () => {
    const headers = [['trace', Buffer.from('1')]] as const
    expect(await releasedOf({ records: [RECORDS[0]!, { ...RECORDS[1]!, headers }] })).toEqual([false, true])
    expect(await releasedOf({ records: [{ ...RECORDS[0]!, headers: NO_HEADERS }] })).toEqual([true, true])
  })

  it('is not released where a handler was given bytes of it', async () => {
    const given: Array<Buffer | null | undefined> = []
    const records = [{ offset: 0, key: 'a', value: Buffer.from([0xff]) }, RECORDS[1]!]
    const config: Options['config'] = {
      deserializationExceptionHandler: (_error, { sourceRawValue }) => {
        given.push(sourceRawValue)
        return 'continue'
      },
    }
    expect(await releasedOf({ records, config, value: serdes.long() })).toEqual([false, false])
    expect(given.map((value) => value?.[0])).toEqual([0xff, 'y'.charCodeAt(0), 'z'.charCodeAt(0)])
  })

  it('is not released where records wait for the broker, which may refuse them', async () => {
    const config: Options['config'] = { productionExceptionHandler: () => 'continue' }
    expect(await releasedOf({ config })).toEqual([false, false])
  })
})
