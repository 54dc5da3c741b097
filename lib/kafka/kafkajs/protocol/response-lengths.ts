/** The correlation id alone. */
const LEAST = 4
/** More than any response that was asked for. What is no Kafka broker, an HTTP server for example, seems to announce more. */
const MOST = 1024 * 1024 * 1024

/** Follows the lengths before the responses of one connection, in whatever pieces the bytes come. */
export class ResponseLengths {
  private length = 0
  private lengthBytes = 0
  private left = 0

  /** The first length that can't be one; undefined while all are good. */
  invalidIn(data: Buffer): number | undefined {
    for (let at = 0; at < data.length;) {
      if (this.left > 0) {
        const part = Math.min(this.left, data.length - at)
        this.left -= part
        at += part
        continue
      }
      this.length = (this.length << 8) | data[at++]!
      if (++this.lengthBytes < 4) continue
      if (this.length < LEAST || this.length > MOST) return this.length
      this.left = this.length
      this.length = this.lengthBytes = 0
    }
    return undefined
  }
}
