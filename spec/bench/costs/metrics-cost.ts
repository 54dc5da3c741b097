import { join } from 'node:path'
import { App } from '../../support/process'
import { median } from '../statistics'

const VARIANTS = {
  off: { level: 'off', dashboard: false },
  'metrics on': { level: 'info', dashboard: false },
  'metrics on, dashboard open': { level: 'info', dashboard: true },
} as const

type Variant = keyof typeof VARIANTS

const NAMES = Object.keys(VARIANTS) as Variant[]

/** Prints what metrics and an open dashboard add to the CPU time of a word count; the variants take turns, each in a process of its own. */
export const measureMetrics = async ({ records, rounds }: { records: number; rounds: number }): Promise<void> => {
  const ratios = new Map<Variant, number[]>(NAMES.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const seconds = new Map<Variant, number>()
    // none is always the first
    for (let i = 0; i < NAMES.length; i++) {
      const name = NAMES[(round + i) % NAMES.length]!
      seconds.set(name, await cpuSeconds(name, records))
    }
    for (const name of NAMES) ratios.get(name)!.push(seconds.get(name)! / seconds.get('off')!)
    const shown = NAMES.map((name) => `${name} ${((seconds.get(name)! / (records / 2)) * 1e6).toFixed(3)}`)
    console.log(`round ${round + 1}, CPU µs a word: ${shown.join(', ')}`)
  }
  for (const name of NAMES) {
    if (name !== 'off') console.log(`${name} : off = ${median(ratios.get(name)!).toFixed(3)}, the median of ${rounds}`)
  }
}

const cpuSeconds = async (name: Variant, records: number): Promise<number> => {
  const { level, dashboard } = VARIANTS[name]
  const app = new App(join(__dirname, 'metrics-app.mjs'), { args: [level, String(records), String(dashboard)] })
  if (dashboard) {
    const [, port] = await app.untilOutput(/^PORT (\d+)$/m)
    const { body } = await fetch(`http://127.0.0.1:${port}/dashboard/events`)
    // its end is that of the application
    void body!.pipeTo(new WritableStream()).catch(() => {})
  }
  const [, seconds] = await app.untilOutput(/^CPU (\S+)$/m, TIMEOUT_MS)
  if ((await app.end()) !== 0) throw new Error(app.output)
  return Number(seconds)
}

const TIMEOUT_MS = 10 * 60_000
