import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Change } from '../../../../lib/record/change'
import type { RecordHeaders } from '../../../../lib/record/headers'
import { string } from '../../../../lib/serdes'
import { type MemoryBounds, SpilledChanges } from '../../../../lib/state/buffer/spilled-changes'
import { suppressionBuffer, type SuppressionBuffer } from '../../../../lib/state/buffer/suppression-buffer'
import type { ManagedStore } from '../../../../lib/state/store'
import { at, build, changelogOf, type LoggedChange, StoreTask } from '../../../contract/stores/store-task'

type Buffered = SuppressionBuffer<string, string> & ManagedStore

/** The same numbers for the same seed. */
const randomOf = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return (seed >>> 8) % below
}

const bufferOf = (spill?: MemoryBounds): Buffered =>
  build(suppressionBuffer('s', { key: string(), value: string(), logging: true, spill }))

/** Takes up to `count` updates out of a buffer. */
const evict = (buffer: Buffered, count: number): string[] => {
  const evicted: string[] = []
  let left = count
  buffer.evictWhile(
    () => left-- > 0,
    ({ key, newValue, oldValue, context }) => evicted.push(`${key}: ${oldValue} -> ${newValue} @${context.timestamp}`),
  )
  return evicted
}

describe('a suppression buffer that spills', () => {
  let folder: string
  const tasks: StoreTask[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  })
  afterEach(async () => {
    for (const task of tasks.splice(0)) await task.close()
    await rm(folder, { recursive: true, force: true })
  })

  const open = async (buffer: Buffered, where: string | null): Promise<StoreTask> => {
    const task = await StoreTask.open([buffer], { folder: where })
    tasks.push(task)
    return task
  }
  const restart = async (task: StoreTask): Promise<void> => {
    await task.close()
    tasks.splice(tasks.indexOf(task), 1)
  }

  it.each([
    ['what is to be spilled', { maxRecords: 0, maxBytes: Infinity, unspilledBytes: 700 }],
    ['four updates', { maxRecords: 4, maxBytes: Infinity, unspilledBytes: 0 }],
    ['200 bytes and what is to be spilled', { maxRecords: Infinity, maxBytes: 200, unspilledBytes: 700 }],
  ])('with %s in memory gives and logs what one in memory does, also through restarts', async (_, spill) => {
    const random = randomOf(7)
    const reference = bufferOf()
    const referenceTask = await open(reference, null)
    let buffer = bufferOf(spill)
    let task = await open(buffer, folder)
    const logged: LoggedChange[] = []
    for (let step = 0; step < 1500; step++) {
      const choice = random(20)
      if (choice === 0) {
        const count = random(8)
        expect(evict(buffer, count)).toEqual(evict(reference, count))
      } else if (choice === 1) {
        await referenceTask.commit()
        await task.commit()
      } else if (choice === 2) {
        await referenceTask.commit()
        await task.commit()
        logged.push(...(task.changelogs.get(changelogOf('s')) ?? []))
        await restart(task)
        buffer = bufferOf(spill)
        task = await open(buffer, folder)
      } else {
        const headers: RecordHeaders = [['h', Buffer.of(step & 0xff)]]
        const newValue = random(10) === 0 ? null : `v${step}`
        const args = [
          random(100),
          `k${random(40)}`,
          new Change(newValue, `v${step - 1}`),
          at(step, { headers }),
        ] as const
        reference.put(...args)
        buffer.put(...args)
      }
      expect([buffer.records, buffer.firstTime]).toEqual([reference.records, reference.firstTime])
      const key = `k${random(40)}`
      expect(buffer.prior(key)).toEqual(reference.prior(key))
      expect(buffer.records === 0 || buffer.bytes < spill.maxBytes + spill.unspilledBytes + 150).toBe(true)
    }
    await referenceTask.commit()
    await task.commit()
    logged.push(...(task.changelogs.get(changelogOf('s')) ?? []))
    expect(logged.map(({ key, value }) => `${key.toString()} ${value?.toString('hex')}`).sort()).toEqual(
      referenceTask.changelogs
        .get(changelogOf('s'))!
        .map(({ key, value }) => `${key.toString()} ${value?.toString('hex')}`)
        .sort(),
    )
    expect(evict(buffer, Infinity)).toEqual(evict(reference, Infinity))
  })

  it('writes nothing of an update that is emitted before it is to be spilled', async () => {
    const put = jest.spyOn(SpilledChanges.prototype, 'put')
    const buffer = bufferOf({ maxRecords: 0, maxBytes: Infinity, unspilledBytes: 1000 })
    const task = await open(buffer, folder)
    for (const [step, key] of ['a', 'b', 'a'].entries()) buffer.put(step, key, new Change(`v${step}`, null), at(step))
    expect(evict(buffer, 2)).toEqual(['a: null -> v2 @2', 'b: null -> v1 @1'])
    await task.commit()
    expect(put).not.toHaveBeenCalled()
    put.mockRestore()
    expect(task.changelogs.get(changelogOf('s'))!.map(({ key, value }) => [key.toString(), value])).toEqual([
      ['a', null],
      ['b', null],
    ])
  })

  it('writes the last of several updates of a key, once', async () => {
    const put = jest.spyOn(SpilledChanges.prototype, 'put')
    const buffer = bufferOf({ maxRecords: 0, maxBytes: Infinity, unspilledBytes: 1000 })
    await open(buffer, folder)
    for (let step = 0; step < 20; step++) buffer.put(0, 'a', new Change(`v${step}`, null), at(step))
    for (let i = 0; i < 100; i++) buffer.put(0, `k${i}`, new Change('v', null), at(20))
    const keys = put.mock.calls.map(([key]) => key.length)
    put.mockRestore()
    expect(keys.length).toBeLessThanOrEqual(101)
    expect(keys.filter((length) => length === 1)).toHaveLength(1)
    expect(evict(buffer, 1)).toEqual(['a: null -> v19 @19'])
  })

  it('says what to do about a changelog that Kafka Streams 2.3 has written', async () => {
    const buffer = bufferOf({ maxRecords: 1, maxBytes: Infinity, unspilledBytes: 0 })
    await open(buffer, folder)
    const record = { key: Buffer.from('a'), value: Buffer.alloc(20), timestamp: 1, offset: 1 }
    expect(() => buffer.restore(record)).toThrow(/Kafka Streams 2.3 or older.*start once without onFull/)
  })
})
