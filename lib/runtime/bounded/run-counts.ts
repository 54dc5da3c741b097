import type { RunTopicCounts } from './run-options'

/** The records that an instance reads and writes in a bounded run, by topic. */
export class RunCounts {
  readonly #topics = new Map<string, { read: number; written: number }>()

  /** `changelogs` are not counted. */
  constructor(private readonly changelogs: ReadonlySet<string>) {}

  read(topic: string, records: number): void {
    this.#of(topic).read += records
  }

  written(topic: string, records: number): void {
    if (!this.changelogs.has(topic)) this.#of(topic).written += records
  }

  snapshot(): RunTopicCounts[] {
    return [...this.#topics]
      .map(([topic, counts]) => ({ topic, ...counts }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1))
  }

  #of(topic: string): { read: number; written: number } {
    let counts = this.#topics.get(topic)
    if (counts === undefined) this.#topics.set(topic, (counts = { read: 0, written: 0 }))
    return counts
  }
}
