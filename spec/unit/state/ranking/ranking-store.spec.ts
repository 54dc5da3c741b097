import { long, string } from '../../../../lib/serdes'
import { rankingStoreBuilder } from '../../../../lib/state/ranking/ranking-stores'
import { keyValueStore } from '../../../../lib/state/stores'
import { build, changelogOf, StoreTask } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

describe('the store of all rows of a table', () => {
  const folder = temporaryFolder()
  let task: StoreTask
  afterEach(() => task.close())

  const open = async () => {
    const best = keyValueStore('best', { key: string(), value: long() })
    const store = build(rankingStoreBuilder({ best, key: string(), value: long(), by: (value: number) => value }))
    task = await StoreTask.open([store], { folder: folder.path })
    return store
  }
  const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
  const KEY = '000000016b0000000000000007'

  it('restores how often a key has a value', async () => {
    const store = await open()
    store.restore({ key: bytes(KEY), value: bytes('00000002'), timestamp: 1 })
    await task.state.commit(new Map())
    await store.open!()
    expect(store.replace('k', null, 9, 3)).toEqual([9, 7, 7])
  })

  it.each([
    ['a key that ends within a length', '000001', '00000001'],
    ['a key of a negative length', 'ffffffff6b', '00000001'],
    ['a key that is longer than the bytes', '000000ff6b', '00000001'],
    ['a count of three bytes', KEY, '000001'],
    ['a value of another format', KEY, '7b226e223a317d'],
  ])('does not restore %s', async (_, key, value) => {
    const store = await open()
    const location = { store: 'best-ranking', topic: changelogOf('best-ranking') }
    expect(() => store.restore({ key: bytes(key), value: bytes(value), timestamp: 1 })).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED', location }),
    )
  })
})
