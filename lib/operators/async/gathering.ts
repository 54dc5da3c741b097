import type { GatherSettings } from './async-callback'
import type { CallTimers } from './async-host'

/** Gathers records for one call until there are enough, or the first one has waited long enough for more. */
export class Gathering<C> {
  #records: C[] = []
  #isDue = false
  #cancelTimer: (() => void) | undefined

  constructor(
    private readonly options: {
      readonly settings: GatherSettings
      readonly timers: Pick<CallTimers, 'linger'>
      /** The next record that may be called for; undefined if there is none. */
      readonly next: () => C | undefined
      /** What is gathered has waited long enough. */
      readonly due: () => void
    },
  ) {}

  gather(): void {
    const { settings, timers, next, due } = this.options
    while (this.#records.length < settings.size) {
      const record = next()
      if (record === undefined) break
      this.#records.push(record)
    }
    if (this.#isReady || this.#records.length === 0 || this.#cancelTimer !== undefined) return
    this.#cancelTimer = timers.linger(settings.lingerMs, () => {
      this.#cancelTimer = undefined
      this.#isDue = true
      due()
    })
  }

  /** Removes what is gathered. Undefined if there is nothing, or it is to wait for more, which it does not if `hurry`. */
  take(hurry: boolean): C[] | undefined {
    if (this.#records.length === 0 || !(this.#isReady || hurry)) return undefined
    const records = this.#records
    this.#records = []
    this.#isDue = false
    this.close()
    return records
  }

  /** What is gathered does not wait for more. False if there is nothing. */
  hurry(): boolean {
    this.#isDue = this.#records.length > 0
    return this.#isDue
  }

  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  get #isReady(): boolean {
    const { size, lingerMs } = this.options.settings
    return this.#isDue || lingerMs === 0 || this.#records.length >= size
  }
}
