import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { stateEngineContract } from 'millrace/testing/contracts'
import { logEngine } from '../../examples/10-state-engine/log-engine'
import { balances } from '../../examples/10-state-engine/topology'

const damage = async (directory: string): Promise<void> => {
  const path = join(directory, 'log')
  await writeFile(path, (await readFile(path, 'latin1')).replace('"s"', '"z"'), 'latin1')
}

stateEngineContract({ describe, test, beforeEach, afterEach }, { engine: logEngine(), damage })

test('10-state-engine adds up bookings', async () => {
  const driver = new TopologyTestDriver(balances(), { stateEngine: logEngine() })
  const bookings = driver.inputTopic('bookings', { key: serdes.string(), value: serdes.json<number>() })
  for (const amount of [10, 5, -3]) await bookings.pipe('ann', amount)
  await bookings.pipe('bob', 1)
  const results = driver.outputTopic('balances', { key: serdes.string(), value: serdes.json<number>() })
  expect(results.readKeyValuesToMap()).toEqual(
    new Map([
      ['ann', 12],
      ['bob', 1],
    ]),
  )
  await driver.close()
})

test('10-state-engine rewrites a log of many commits when it opens it, and drops half a line that a crash has left', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-'))
  const silent = () => {}
  const logger = { debug: silent, info: silent, warn: silent, error: silent }
  const open = () => logEngine().open({ directory, taskId: '0_0', stores: [{ name: 's', logged: true }], logger })
  const key = Buffer.from('k')
  const database = await open()
  for (let i = 0; i <= 1000; i++) {
    database.stores.get('s')!.put(key, Buffer.from(`${i}`))
    database.seal()
    await database.commit(new Map([['app-s-changelog-0', i]]))
  }
  await database.close()
  await writeFile(join(directory, 'log'), '0123', { flag: 'a' })
  const again = await open()
  expect(again.stores.get('s')!.get(key)).toEqual(Buffer.from('1000'))
  expect(again.offsets).toEqual(new Map([['app-s-changelog-0', 1000]]))
  await again.close()
  expect((await readFile(join(directory, 'log'), 'latin1')).split('\n')).toHaveLength(2)
  await rm(directory, { recursive: true })
})
