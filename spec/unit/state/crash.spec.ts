import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { silentLogger } from '../../../lib/observe/logger'
import { levelEngine } from '../../../lib/state/level/level-engine'
import { TaskStorage } from '../../../lib/state/task-storage'
import { collect } from '../../contract/stores/store-task'
import { bundled } from '../../support/bundled'
import { App } from '../../support/process'
import { temporaryFolder } from './temporary-folder'

const folder = temporaryFolder()

test('killed at any moment, a task’s stores are all at one commit, with its offsets, and no later than the last', async () => {
  const directory = join(folder.path, '0_0')
  const stores = ['a', 'b'].map((name) => ({ name, persistent: true, changelogTopic: `app-${name}-changelog` }))
  let before = -1
  for (let round = 0; round < 12; round++) {
    const app = new App(bundled(resolve(__dirname, 'crash-app.ts')), { args: [directory] })
    const [, started] = await app.untilOutput(/started at (\d+)/)
    expect(Number(started)).toBe(before + 1)
    // the first kills hit the restore, later ones any point of some commit
    if (round >= 4) {
      await app.untilOutput(new RegExp(`committed ${before + 6 + round}\\n`))
      await setTimeout(Math.random() * 20)
    }
    await app.kill()

    const state = await TaskStorage.open({
      engine: levelEngine(),
      directory,
      taskId: '0_0',
      stores,
      logger: silentLogger,
    })
    const offset = state.changelogOffsets().get('app-a-changelog-0') ?? -1
    expect(state.changelogOffsets().get('app-b-changelog-0') ?? -1).toBe(offset)
    for (const { name } of stores) {
      const values = (await collect(state.bytes(name).scan({}))).map(([, value]) => Number(value.toString()))
      expect(new Set(values)).toEqual(new Set(offset === -1 ? [] : [offset]))
      expect(values).toHaveLength(offset === -1 ? 0 : 300)
    }
    await state.close()
    const reported = [...app.output.matchAll(/committed (\d+)\n/g)].map(([, n]) => Number(n))
    expect(offset).toBeGreaterThanOrEqual(Math.max(before, ...reported))
    before = offset
  }
  expect(before).toBeGreaterThan(0)
})
