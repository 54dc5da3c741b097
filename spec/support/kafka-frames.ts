import type { Verdict } from './tcp-proxy'

/** Follows the frames of one direction of a Kafka connection and lets through those that `verdict` allows. */
export class FrameReader {
  private head = Buffer.alloc(0)
  private left = 0
  private forwarding = true
  /** Not Kafka frames (TLS): everything passes. */
  private opaque = false

  constructor(
    private readonly headLength: number,
    private readonly verdict: (head: Buffer) => Verdict,
  ) {}

  /** The parts of `chunk` (and of a head held back before) to forward, in order. */
  push(chunk: Buffer): Buffer[] | 'cut' {
    const parts: Buffer[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.opaque) {
        parts.push(rest)
        break
      }
      if (this.left > 0) {
        const body = rest.subarray(0, this.left)
        if (this.forwarding) parts.push(body)
        this.left -= body.length
        rest = rest.subarray(body.length)
        continue
      }
      const missing = this.headLength - this.head.length
      this.head = Buffer.concat([this.head, rest.subarray(0, missing)])
      rest = rest.subarray(missing)
      if (this.head.length < this.headLength) break
      const { head } = this
      this.head = Buffer.alloc(0)
      const size = head.readInt32BE(0)
      if (size < this.headLength - 4 || size > 1 << 28) {
        this.opaque = true
        parts.push(head)
        continue
      }
      const verdict = this.verdict(head)
      if (verdict === 'cut') return 'cut'
      this.forwarding = verdict === 'forward'
      this.left = size - (this.headLength - 4)
      if (this.forwarding) parts.push(head)
    }
    return parts
  }
}
