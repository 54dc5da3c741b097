import { join } from 'node:path'
import { App } from '../../support/process'
import { median, medianInterval } from '../statistics'
import { openDashboard } from './dashboard-viewer'

/** Until the code is compiled. */
const WARM_UP_TURNS = 6
/** Of each process in a round, with and without what is measured. */
const TURNS = 4
const TIMEOUT_MS = 10 * 60_000

/**
 * Prints what an open dashboard, and what metrics add to the CPU time of a saturated word count. Each comparison is of pairs whose halves have as much in
 * common as can be: from one minute to the next, other processes on the machine make the same work take a fifth more or less.
 */
export const measureMetrics = async ({ records, rounds }: { records: number; rounds: number }): Promise<void> => {
  await compare('dashboard open : closed', rounds * TURNS, dashboardPairs(records))
  await compare('metrics on : off', rounds, metricsPairs(records))
}

/** CPU microseconds a word, with what is measured and without. */
interface Pair {
  readonly with: number
  readonly without: number
}

const compare = async (title: string, count: number, pairs: AsyncGenerator<Pair>): Promise<void> => {
  const ratios: number[] = []
  for await (const pair of pairs) {
    ratios.push(pair.with / pair.without)
    console.log(`${title}, CPU µs a word: ${pair.with.toFixed(3)} : ${pair.without.toFixed(3)}`)
    if (ratios.length === count) break
  }
  const interval = medianInterval(ratios)?.map((bound) => bound.toFixed(3))
  const shown = interval === undefined ? 'too few for an interval' : `95 % interval ${interval.join(' to ')}`
  console.log(`${title} = ${median(ratios).toFixed(3)}, the median of ${count} (${shown})`)
}

/** Of neighbouring turns of one process, in random order. */
async function* dashboardPairs(words: number): AsyncGenerator<Pair> {
  const app = new WordCount('info')
  const open = async (): Promise<number> => {
    const leave = await openDashboard(await app.url)
    const taken = await app.turn(words)
    leave()
    return taken
  }
  const closed = (): Promise<number> => app.turn(words)
  try {
    for (let turn = 0; turn < WARM_UP_TURNS; turn++) await (turn % 2 === 0 ? open : closed)()
    for (;;) {
      const isOpenFirst = Math.random() < 0.5
      const first = await (isOpenFirst ? open : closed)()
      const second = await (isOpenFirst ? closed : open)()
      yield isOpenFirst ? { with: first, without: second } : { with: second, without: first }
    }
  } finally {
    await app.end()
  }
}

/**
 * Of new processes, at the same time: the level stays what it is for as long as an application runs, the compiler makes of it what it can, and from one
 * process to another it makes something else. Which of them starts first is random.
 */
async function* metricsPairs(words: number): AsyncGenerator<Pair> {
  for (;;) {
    const levels = Math.random() < 0.5 ? (['off', 'info'] as const) : (['info', 'off'] as const)
    const apps = levels.map((level) => new WordCount(level))
    const sums = { off: 0, info: 0 }
    for (let turn = 0; turn < WARM_UP_TURNS + TURNS; turn++) {
      const taken = await Promise.all(apps.map((app) => app.turn(words)))
      if (turn >= WARM_UP_TURNS) levels.forEach((level, i) => (sums[level] += taken[i]!))
    }
    await Promise.all(apps.map((app) => app.end()))
    yield { with: sums.info / TURNS, without: sums.off / TURNS }
  }
}

/** An application in a process of its own. */
class WordCount {
  readonly #app: App
  #turn = 0

  constructor(level: 'off' | 'info') {
    this.#app = new App(join(__dirname, 'metrics-app.mjs'), { args: [level], nodeArgs: ['--expose-gc'] })
  }

  get url(): Promise<string> {
    return this.#app.untilOutput(/^PORT (\d+)$/m, TIMEOUT_MS).then(([, port]) => `http://127.0.0.1:${port}`)
  }

  /** CPU microseconds a word. */
  async turn(words: number): Promise<number> {
    this.#app.write(`${words}\n`)
    const [, microseconds] = await this.#app.untilOutput(new RegExp(`^TURN ${++this.#turn}: (\\S+)$`, 'm'), TIMEOUT_MS)
    return Number(microseconds)
  }

  async end(): Promise<void> {
    this.#app.endInput()
    if ((await this.#app.end()) !== 0) throw new Error(this.#app.output)
  }
}
