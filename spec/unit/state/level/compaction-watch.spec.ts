import { join } from 'node:path'
import { CompactionWatch } from '../../../../lib/state/level/compaction-watch'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import { silentLogger } from '../../../../lib/observe/logger'
import { temporaryFolder } from '../temporary-folder'

describe('a compaction that falls behind', () => {
  const warnings: string[] = []
  let tables = 0
  let looks = 0
  const watch = (): CompactionWatch =>
    new CompactionWatch({
      taskId: '0_3',
      directory: '/state/app/0_3',
      logger: {
        warn: (fields: object, message?: string) => void warnings.push(`${JSON.stringify(fields)} ${message}`),
      },
      uncompacted: () => {
        looks++
        return tables
      },
    })

  beforeEach(() => {
    jest.useFakeTimers()
    warnings.length = tables = looks = 0
  })
  afterEach(() => jest.useRealTimers())

  it('is warned of with the task, its folder, and what to do', () => {
    tables = 9
    watch().committed()
    expect(warnings).toEqual([expect.stringContaining('"taskId":"0_3"')])
    expect(warnings[0]).toContain('9 tables wait in /state/app/0_3')
    expect(warnings[0]).toContain('raise writeBufferBytes')
  })

  it('is not warned of while LevelDB keeps up', () => {
    tables = 7
    watch().committed()
    expect([looks, warnings]).toEqual([1, []])
  })

  it('is looked for every 10 s, and warned of once a minute', () => {
    tables = 12
    const watching = watch()
    for (let second = 0; second < 120; second++) {
      watching.committed()
      jest.advanceTimersByTime(1000)
    }
    expect(looks).toBe(12)
    expect(warnings).toHaveLength(2)
  })
})

describe('the number of tables that are not compacted', () => {
  const folder = temporaryFolder()

  it('is what LevelDB says, and 0 once the database is closed', async () => {
    const open = () =>
      levelEngine().open({
        directory: join(folder.path, '0_0'),
        taskId: '0_0',
        stores: [{ name: 's', logged: true }],
        logger: silentLogger,
      })
    const written = await open()
    expect(written.uncompactedTables).toBe(0)
    written.stores.get('s')!.put(Buffer.from('key'), Buffer.from('value'))
    written.seal()
    await written.commit(new Map())
    await written.close()
    // LevelDB makes a table of the log that it finds
    const found = await open()
    expect(found.uncompactedTables).toBe(1)
    await found.close()
    expect(found.uncompactedTables).toBe(0)
  })
})
