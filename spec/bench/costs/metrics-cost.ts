import { join } from 'node:path'
import { App } from '../../support/process'
import { median } from '../statistics'

const NAMES = ['off', 'metrics', 'dashboard'] as const

type Variant = (typeof NAMES)[number]

const TITLES: Readonly<Record<Variant, string>> = {
  off: 'off',
  metrics: 'metrics on',
  dashboard: 'metrics on, dashboard open',
}

/** Until the code is compiled. */
const WARM_UP_ROUNDS = 8

/**
 * Prints what metrics and an open dashboard add to the CPU time of a word count. The variants take short turns in one process: from one process
 * to another, and from one second to the next, the same work takes times that differ by more than metrics take.
 */
export const measureMetrics = async ({ records, rounds }: { records: number; rounds: number }): Promise<void> => {
  const app = new App(join(__dirname, 'metrics-app.mjs'), {
    args: [String(records)],
    nodeArgs: ['--expose-gc'],
  })
  const [, port] = await app.untilOutput(/^PORT (\d+)$/m)
  let turn = 0
  const cpuSeconds = async (name: Variant): Promise<number> => {
    const reader = new AbortController()
    if (name === 'dashboard') await readDashboard(port!, reader.signal)
    app.write(`${name}\n`)
    const [, seconds] = await app.untilOutput(new RegExp(`^TURN ${++turn}: (\\S+)$`, 'm'), TIMEOUT_MS)
    reader.abort()
    return Number(seconds)
  }

  const ratios = new Map<Variant, number[]>(NAMES.map((name) => [name, []]))
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    const seconds = new Map<Variant, number>()
    for (let i = 0; i < NAMES.length; i++) {
      const name = NAMES[(round + WARM_UP_ROUNDS + i) % NAMES.length]!
      seconds.set(name, await cpuSeconds(name))
    }
    if (round < 1) continue
    for (const name of NAMES) ratios.get(name)!.push(seconds.get(name)! / seconds.get('off')!)
    const shown = NAMES.map((name) => `${TITLES[name]} ${((seconds.get(name)! / records) * 1e6).toFixed(3)}`)
    console.log(`round ${round}, CPU µs a word: ${shown.join(', ')}`)
  }
  app.endInput()
  if ((await app.end()) !== 0) throw new Error(app.output)
  for (const name of NAMES) {
    if (name !== 'off')
      console.log(`${TITLES[name]} : off = ${median(ratios.get(name)!).toFixed(3)}, the median of ${rounds}`)
  }
}

const readDashboard = async (port: string, signal: AbortSignal): Promise<void> => {
  const { body } = await fetch(`http://127.0.0.1:${port}/dashboard/events`, { signal })
  void body!.pipeTo(new WritableStream()).catch(() => {})
}

const TIMEOUT_MS = 10 * 60_000
