import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serdes } from 'millrace'
import { runBackfillOnFiles } from '../../examples/14-backfill/on-files'
import { progressBar } from '../../examples/14-backfill/progress-bar'
import { dailyRevenue, type Revenue, type Sale } from '../../examples/14-backfill/topology'
import { warehouseIn } from '../../examples/14-backfill/warehouse'
import { EmbeddedApps } from '../support/embedded-apps'

let apps: EmbeddedApps
let folder: string
beforeEach(() => {
  apps = new EmbeddedApps({ 'shop-sales': 2, 'revenue-per-day': 1 })
  folder = mkdtempSync(join(tmpdir(), 'millrace-backfill-'))
})
afterEach(async () => {
  await apps.close()
  rmSync(folder, { recursive: true, force: true })
})

const DAY = 86_400_000
const START = Date.parse('2026-03-01T00:00:00Z')
/** No window closes before the last of them, so that none is late, however far one partition is read ahead of the other. */
const sales = Array.from({ length: 300 }, (_, i) => ({
  value: { shop: i % 3 === 0 ? 'Porto' : 'Graz', amount: 1 },
  timestamp: START + Math.floor(i / 150) * DAY + i,
}))

test('14-backfill writes the revenue of every day, and every sale once, also when it was killed in between', async () => {
  await apps.kafka.produce('shop-sales', sales, { value: serdes.json<Sale>() })
  const write = warehouseIn<Sale>(folder)
  let batches = 0
  const failing = dailyRevenue(async (records, batch) => {
    await write(records, batch)
    if (++batches === 2) throw new Error('the process was killed')
  })
  const config = { processingGuarantee: 'exactly_once' } as const
  // the first of its batches is repeated: its file is there
  await apps.create(failing, config).run({ final: true }).catch(() => {}) // prettier-ignore
  await apps.create(dailyRevenue(write), config).run({ final: true })

  const files = readdirSync(folder)
  const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
  expect(lines).toHaveLength(300)
  const revenues = await apps.kafka.read('revenue-per-day', { value: serdes.json<Revenue>() })
  expect(revenues.map(({ key, value }) => `${key} ${value!.day} ${value!.amount}`).sort()).toEqual([
    'Graz 2026-03-01 100',
    'Graz 2026-03-02 100',
    'Porto 2026-03-01 50',
    'Porto 2026-03-02 50',
  ])
})

test('14-backfill does the same on files', async () => {
  const lines = sales.map(({ value, timestamp }) => JSON.stringify({ ...value, at: new Date(timestamp) }))
  writeFileSync(join(folder, 'sales'), lines.join('\n'))
  const warehouse = join(folder, 'warehouse')
  await runBackfillOnFiles(dailyRevenue(warehouseIn<Sale>(warehouse)), join(folder, 'sales'), join(folder, 'out.csv'))
  expect(readFileSync(join(folder, 'out.csv'), 'utf8').trim().split('\n').sort()).toEqual([
    'Graz,2026-03-01,100',
    'Graz,2026-03-02,100',
    'Porto,2026-03-01,50',
    'Porto,2026-03-02,50',
    'shop,day,amount',
  ])
  const written = readdirSync(warehouse).map((file) => readFileSync(join(warehouse, file), 'utf8'))
  expect(written.join('').trim().split('\n')).toHaveLength(300)
})

test('14-backfill shows how far it is', () => {
  expect(progressBar({ done: 1000, total: 2000, activeTasks: [] })).toBe(`[${'#'.repeat(20)}${' '.repeat(20)}] 50 %  1,000 of 2,000`) // prettier-ignore
  expect(progressBar({ done: 0, total: 0, activeTasks: [] })).toContain('100 %')
})
