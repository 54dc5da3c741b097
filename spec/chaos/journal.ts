/** Findings of one kind that are told in full. */
const SHOWN = 8

/** What happens in a run, line by line, with its time; and what went wrong. */
export class Journal {
  readonly failures: string[] = []
  private readonly start = performance.now()

  constructor(private readonly print: (line: string) => void) {}

  readonly say = (text: string): void => {
    const seconds = ((performance.now() - this.start) / 1000).toFixed(1)
    this.print(`${seconds.padStart(7)} s  ${text}`)
  }

  /** `details` are printed, and no part of the summary. */
  readonly fail = (what: string, details?: string): void => {
    this.failures.push(what)
    this.say(`FAILURE: ${what}`)
    if (details) this.print(details.replace(/^/gm, '           | '))
  }

  /** One failure for all findings of a check, if there are any. */
  readonly check = (what: string, findings: readonly string[]): void => {
    if (findings.length === 0) return
    const more = findings.length > SHOWN ? ` … and ${findings.length - SHOWN} more` : ''
    this.fail(`${what}: ${findings.slice(0, SHOWN).join('; ')}${more}`)
  }
}
