/** What a Date can hold. */
const LAST_DATE = 8.64e15

/** A timestamp as an ISO date; undefined where there is none, or one beyond what dates can be. */
export const timeText = (timestamp: number | null | undefined): string | undefined =>
  typeof timestamp === 'number' && Math.abs(timestamp) <= LAST_DATE ? new Date(timestamp).toISOString() : undefined
