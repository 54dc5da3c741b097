/** Of Node's timers: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** As `setTimeout`, for times that users choose: one of more than 24 days fires after 24 days. */
export const startTimer = (callback: () => void, ms: number): NodeJS.Timeout =>
  setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS))
