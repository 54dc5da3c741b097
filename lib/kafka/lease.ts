import type { Lease } from './port'

/**
 * A group member's lease: it holds for the session timeout from when the last request was sent that the coordinator has answered. The coordinator
 * counts from when it received that request, which is later, so the lease ends before the coordinator can give the member's partitions to another.
 *
 * The clock is the monotonic one, which runs on while the process is stopped; `holds` reads it on each call, because after a stop
 * anything may run before the timer does.
 */
export class SessionLease implements Lease {
  answeredAt = -Infinity
  private expiresAt = -Infinity
  /** what the listeners were last told */
  private announced = false
  private timer: NodeJS.Timeout | undefined
  private readonly listeners = new Set<(held: boolean) => void>()

  constructor(private readonly sessionTimeoutMs: number) {}

  holds(): boolean {
    return performance.now() < this.expiresAt
  }

  subscribe(listener: (held: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The coordinator has answered, as a member of its group, a request sent at this `performance.now()`. */
  renew(sentAt: number): void {
    const hadEnded = !this.holds()
    this.answeredAt = Math.max(this.answeredAt, sentAt)
    this.expiresAt = Math.max(this.expiresAt, sentAt + this.sessionTimeoutMs)
    if (!this.holds()) return
    if (this.timer === undefined) this.watch()
    // under load an answer may be read before the timer runs: who has seen in between that it had ended waits to be told
    if (hadEnded) this.announced = false
    this.announce(true)
  }

  /** The membership is lost, or was given up. */
  end(): void {
    this.expiresAt = -Infinity
    clearTimeout(this.timer)
    this.timer = undefined
    this.announce(false)
  }

  /** One timer for many renewals: when it fires, it waits for what has been added. */
  private watch(): void {
    const leftMs = this.expiresAt - performance.now()
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (this.holds()) this.watch()
      else this.announce(false)
    }, Math.ceil(leftMs)).unref()
  }

  private announce(held: boolean): void {
    if (this.announced === held) return
    this.announced = held
    for (const listener of this.listeners) listener(held)
  }
}
