const REFRESH_MS = 100

/** The latest count of each word. */
export class WordTable {
  /** Called soon after changes, at most ten times a second. */
  onChange: () => void = () => {}
  /** The sum of all counts. */
  total = 0
  private readonly counts = new Map<string, number>()
  private refresh: NodeJS.Timeout | undefined
  private waiting: { total: number; resolve: () => void } | undefined

  get size(): number {
    return this.counts.size
  }

  set(word: string, count: number): void {
    this.total += count - (this.counts.get(word) ?? 0)
    this.counts.set(word, count)
    if (this.waiting && this.total >= this.waiting.total) this.waiting.resolve()
    this.refresh ??= setTimeout(() => {
      this.refresh = undefined
      this.onChange()
    }, REFRESH_MS).unref()
  }

  /** Resolves when the counts add up to `total`. */
  settled(total: number): Promise<void> {
    if (this.total >= total) return Promise.resolve()
    return new Promise((resolve) => (this.waiting = { total, resolve }))
  }

  /** The most frequent words, then by the alphabet. */
  top(size: number): Array<[word: string, count: number]> {
    return [...this.counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, size)
  }
}

/** One line a word: the word, its count, and a bar. */
export function barChart(rows: ReadonlyArray<readonly [word: string, count: number]>): string {
  const width = Math.max(0, ...rows.map(([word]) => word.length))
  const most = rows[0]?.[1] ?? 1
  const digits = String(most).length
  return rows
    .map(
      ([word, count]) =>
        `${word.padEnd(width)}  ${String(count).padStart(digits)}  ${'█'.repeat(Math.ceil((count / most) * 40))}`,
    )
    .join('\n')
}
