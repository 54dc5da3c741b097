import type { ValueTransformer, ValueTransformerContext } from '../../lib/operators/value-transformer'
import { keyValueStore } from '../../lib/state/stores'
import type { KeyValueStore } from '../../lib/state/store'
import * as serdes from '../../lib/serdes'
import { drive, text } from './drive'
import type { RecordContext } from '../../lib/record/record-context'

const changes = keyValueStore('changes', { key: serdes.string(), value: serdes.long() })

class CountChanges implements ValueTransformer<string, string, string> {
  private counts!: KeyValueStore<string, number>

  init(context: ValueTransformerContext): void {
    this.counts = context.stateStore(changes)
  }

  transform(value: string | null, key: string, meta: RecordContext): string {
    const count = (this.counts.get(key) ?? 0) + 1
    this.counts.put(key, count)
    return `${value} (${count}, ${meta.timestamp})`
  }
}

describe('transformValues', () => {
  it('uses stores and metadata, and sees deletes', async () => {
    const { input, out } = drive((b) =>
      b
        .table('in', text)
        .transformValues(() => new CountChanges(), [changes])
        .toStream()
        .to('out', text),
    )
    await input.pipe('k', 'a', 5)
    await input.pipe('k', null, 7)
    expect(out()).toEqual(['k=a (1, 5)@5', 'k=null (2, 7)@7'])
  })

  it('with a store can be queried, with others beside it', async () => {
    const { input, driver } = drive((b) =>
      b.table('in', text).transformValues(() => new CountChanges(), { store: 'counted', stores: changes, ...text }),
    )
    await input.pipe('k', 'a', 5)
    expect([...driver.stores().keys()].sort()).toEqual(['changes', 'counted'])
    expect(driver.store(keyValueStore('counted', text)).get('k')).toBe('a (1, 5)')
  })

  it('without a store has a transformer of its own where its rows are looked up: started and closed with the reader', async () => {
    const log: string[] = []
    let started = 0
    const { driver, input, out } = drive((b) => {
      const shouted = b.table('in', text).transformValues<string>(() => {
        let number = 0
        return {
          init: () => void log.push(`init ${(number = ++started)}`),
          transform: (value, key, meta) => value && `${key}:${value.toUpperCase()}@${meta.timestamp}/${meta.topic}`,
          close: () => void log.push(`close ${number}`),
        }
      })
      b.table('t', text)
        .leftJoin(shouted, (left, right) => `${left}+${right}`)
        .toStream()
        .to('out', text)
    })
    await input.pipe('k', 'a', 5)
    await driver.inputTopic('t', text).pipe('k', 't', 9)
    expect(out()).toEqual(['k=t+k:A@5/null@9'])
    await driver.close()
    expect(log.sort()).toEqual(['close 1', 'close 2', 'init 1', 'init 2'])
  })
})
