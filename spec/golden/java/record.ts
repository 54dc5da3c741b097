import { fromJava, toJava } from './windows'
import { NO_HEADERS, type RecordHeaders as Headers } from '../../../lib/record/headers'
import { StreamRecord } from '../../../lib/record/stream-record'

class Header {
  constructor(
    private readonly name: string,
    private readonly bytes: Buffer | null,
  ) {}
  key(): string {
    return this.name
  }
  value(): Buffer | null {
    return this.bytes
  }
}

/** Java's headers can be changed in place, and everybody who holds the record sees it; `changed` tells the record. */
export class RecordHeaders {
  constructor(
    private list: Headers = NO_HEADERS,
    private readonly changed: (list: Headers) => void = () => {},
  ) {}
  get entries(): Headers {
    return this.list
  }
  add(name: string, value: Buffer | null): this {
    return this.set([...this.list, [name, value]])
  }
  remove(name: string): this {
    return this.set(this.list.filter(([key]) => key !== name))
  }
  lastHeader(name: string): Header | null {
    const found = this.list.filter(([key]) => key === name).at(-1)
    return found ? new Header(...found) : null
  }
  headers(name: string): Header[] {
    return this.toArray().filter((header) => header.key() === name)
  }
  toArray(): Header[] {
    return this.list.map((entry) => new Header(...entry))
  }
  [Symbol.iterator](): Iterator<Header> {
    return this.toArray()[Symbol.iterator]()
  }
  private set(list: Headers): this {
    this.list = list
    this.changed(list)
    return this
  }
}

/** Java's record over ours. */
export class JavaRecord {
  readonly record: StreamRecord<unknown, unknown>

  constructor(key: unknown, value: unknown, timestamp: number, headers?: RecordHeaders) {
    this.record = new StreamRecord(fromJava(key), value, timestamp, headers?.entries)
  }
  static of(record: StreamRecord<unknown, unknown>): JavaRecord {
    return Object.assign(Object.create(JavaRecord.prototype) as JavaRecord, { record })
  }
  key(): unknown {
    return toJava(this.record.key)
  }
  value(): unknown {
    return this.record.value
  }
  timestamp(): number {
    return this.record.timestamp
  }
  headers(): RecordHeaders {
    return new RecordHeaders(this.record.headers, (headers) => Object.assign(this.record, { headers }))
  }
  withKey(key: unknown): JavaRecord {
    return JavaRecord.of(this.record.withKey(fromJava(key)))
  }
  withValue(value: unknown): JavaRecord {
    return JavaRecord.of(this.record.withValue(value))
  }
  withTimestamp(timestamp: number): JavaRecord {
    return JavaRecord.of(this.record.withTimestamp(timestamp))
  }
  withHeaders(headers: RecordHeaders): JavaRecord {
    return JavaRecord.of(this.record.withHeaders(headers.entries))
  }
}
