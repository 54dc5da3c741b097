import { breathe } from '../breathe'
import { byteString, bytesOf, type ByteString } from '../../bytes/byte-string'
import { Scratch } from '../../bytes/scratch'
import type { ByteStore } from '../state-engine'
import { readTimestamp, TIMESTAMP_BYTES, withoutTimestamp, writeTimestamp } from '../../bytes/timestamped-bytes'
import { decodeRow, encodeRow, type FormerVersion, withLast } from './history-row'

/** A version as it lies in the store: its value is the rest of the bytes. */
export interface StoredVersion {
  readonly timestamp: number
  readonly validTo: number
  readonly bytes: Buffer
  readonly valueAt: number
}

const FORMER = 0
const LATEST = 1
const CLOCK_KEY = Buffer.of(2)
/** What is in front of the key: which kind of entry it is, and of former versions the segment. */
const LATEST_HEAD = 1
const FORMER_HEAD = 1 + TIMESTAMP_BYTES
const NO_KEY = Buffer.alloc(0)

/**
 * The layout of a versioned store. The latest value of a key is one entry. Former ones lie in segments of time, by when
 * they ended, one entry a key and segment: so a past value is found by a few point reads, and whole segments are dropped
 * once they are older than the retention. Which versions are still there is the same as in Kafka Streams.
 *
 * A deletion has an entry of its own only where it can't be told from the versions around it.
 */
export class VersionSegments {
  /** The newest timestamp put, −1 before the first. */
  observedTime: number
  #storedTime: number
  readonly #keys = new Scratch()
  readonly #entries = new Scratch()

  constructor(
    private readonly bytes: ByteStore,
    readonly retentionMs: number,
    private readonly segmentMs: number,
  ) {
    const clock = bytes.get(CLOCK_KEY)
    this.observedTime = this.#storedTime = clock === null ? -1 : readTimestamp(clock)
  }

  /** Puts the newest timestamp into the bytes: together with the versions that have it, it has to be part of a commit. */
  writeClock(): void {
    if (this.observedTime === this.#storedTime) return
    this.#storedTime = this.observedTime
    const clock = this.#entries.of(TIMESTAMP_BYTES)
    writeTimestamp(clock, this.observedTime)
    this.bytes.put(CLOCK_KEY, clock)
  }

  /** Until when the new version is valid; `undefined` if it is too old. */
  put(key: Buffer, value: Buffer | null, timestamp: number): number | undefined {
    if (timestamp < this.observedTime - this.retentionMs) return undefined
    this.advance(timestamp)
    const latest = this.readLatest(key)
    const before = latest === null ? Infinity : readTimestamp(latest)
    if (latest === null || timestamp < before) return this.insert(key, value, timestamp, latest)
    if (timestamp > before) this.appendLast(key, latest, before, timestamp)
    this.writeLatest(key, value, timestamp)
    return Infinity
  }

  latest(key: Buffer): StoredVersion | null {
    const latest = this.readLatest(key)
    return latest && latestVersion(latest, readTimestamp(latest))
  }

  asOf(key: Buffer, time: number): StoredVersion | null {
    const latest = this.readLatest(key)
    const since = latest === null ? Infinity : readTimestamp(latest)
    if (latest !== null && since <= time) return latestVersion(latest, since)
    if (time < this.observedTime - this.retentionMs) return null
    const found = this.endingAfter(key, time, since)?.version
    if (found === undefined || found.from > time || found.value === null) return null
    return formerVersion(found, found.value)
  }

  /** Oldest first. */
  versions(key: Buffer, from: number, to: number): StoredVersion[] {
    const found: StoredVersion[] = []
    if (to >= this.observedTime - this.retentionMs) {
      for (let segment = this.oldestSegment; segment <= this.newestSegment; segment++) {
        for (const version of this.readRow(key, segment)) {
          if (version.value === null || version.from > to || version.to <= from) continue
          found.push(formerVersion(version, version.value))
        }
      }
    }
    const latest = this.latest(key)
    if (latest !== null && latest.timestamp <= to) found.push(latest)
    return found
  }

  /** The keys of all entries, those with nothing but former versions included; a key may come several times. */
  async *keys(): AsyncGenerator<Buffer> {
    for await (const [entryKey] of this.entries()) yield keyIn(entryKey)
  }

  /**
   * Puts that lead to what is here, deletions among them, in the order of time: in any other order a key's only version
   * might be too old beside the versions of other keys. The keys and times of all of them are in memory until the end.
   */
  async *puts(): AsyncGenerator<{ key: Buffer; value: Buffer | null; timestamp: number }> {
    const times: { timestamp: number; keyText: ByteString }[] = []
    for await (const [entryKey, entry] of this.entries()) {
      const keyText = byteString(keyIn(entryKey))
      if (entryKey[0] === LATEST) times.push({ timestamp: readTimestamp(entry), keyText })
      // where a version ended another one began, or else the key was deleted
      else
        for (const { from, to } of decodeRow(entry))
          times.push({ timestamp: from, keyText }, { timestamp: to, keyText })
    }
    times.sort((a, b) => a.timestamp - b.timestamp || (a.keyText < b.keyText ? -1 : a.keyText > b.keyText ? 1 : 0))
    const pause = breathe()
    for (const [i, { timestamp, keyText }] of times.entries()) {
      if (i > 0 && times[i - 1]!.timestamp === timestamp && times[i - 1]!.keyText === keyText) continue
      if (pause.due()) await pause.take()
      const key = bytesOf(keyText)
      yield { key, value: this.startingAt(key, timestamp), timestamp }
    }
  }

  private entries(): AsyncIterable<[Buffer, Buffer]> {
    return this.bytes.scan({ from: Buffer.from(this.segmentKey(NO_KEY, this.oldestSegment)), to: CLOCK_KEY })
  }

  private advance(timestamp: number): void {
    if (timestamp <= this.observedTime) return
    const oldest = this.oldestSegment
    this.observedTime = timestamp
    if (this.oldestSegment > oldest) this.bytes.dropBelow(this.segmentKey(NO_KEY, this.oldestSegment))
  }

  /** Puts a version that is not newer than the latest, or where there is no latest value. */
  private insert(key: Buffer, value: Buffer | null, timestamp: number, latest: Buffer | null): number {
    const since = latest === null ? Infinity : readTimestamp(latest)
    const next = this.endingAfter(key, timestamp, since)
    if (next === undefined && latest === null) {
      if (value !== null) this.writeLatest(key, value, timestamp)
      else this.markDeleted(key, timestamp)
      return Infinity
    }
    if (next === undefined) {
      this.append(key, { from: timestamp, to: since, value })
      return since
    }
    const { segment, row, index, version } = next
    if (version.from > timestamp) {
      this.append(key, { from: timestamp, to: version.from, value })
      return version.from
    }
    row[index] = { from: timestamp, to: version.to, value }
    if (version.from < timestamp) {
      const before = { ...version, to: timestamp }
      if (this.segmentOf(timestamp) === segment) row.splice(index, 0, before)
      else this.append(key, before)
    }
    this.writeRow(key, segment, row)
    return version.to
  }

  /** A deletion after everything else. The end of the version before it may say so already. */
  private markDeleted(key: Buffer, timestamp: number): void {
    const row = this.readRow(key, this.segmentOf(timestamp))
    if (row.at(-1)?.to === timestamp) return
    this.append(key, { from: timestamp, to: timestamp, value: null })
  }

  /** The first version that ended after a time. None ends after the latest one has begun. */
  private endingAfter(
    key: Buffer,
    time: number,
    latestFrom: number,
  ): { segment: number; row: FormerVersion[]; index: number; version: FormerVersion } | undefined {
    const last = Math.min(this.newestSegment, this.segmentOf(latestFrom))
    for (let segment = Math.max(this.segmentOf(time), this.oldestSegment); segment <= last; segment++) {
      const row = this.readRow(key, segment)
      const index = row.findIndex(({ to }) => to > time)
      if (index !== -1) return { segment, row, index, version: row[index]! }
    }
    return undefined
  }

  /** The value that a key got at a time; `null` if it was deleted then. */
  private startingAt(key: Buffer, timestamp: number): Buffer | null {
    const latest = this.readLatest(key)
    const since = latest === null ? Infinity : readTimestamp(latest)
    if (latest !== null && since === timestamp) return withoutTimestamp(latest)
    const version = this.endingAfter(key, timestamp, since)?.version
    return version?.from === timestamp ? version.value : null
  }

  /** The latest version, which is valid from one time to the other, becomes the last one of the former ones. */
  private appendLast(key: Buffer, latest: Buffer, from: number, to: number): void {
    const segment = this.segmentOf(to)
    // all others ended before it began
    const row = this.segmentOf(from) < segment ? null : this.bytes.get(this.segmentKey(key, segment))
    this.bytes.put(this.segmentKey(key, segment), withLast(row, latest, to, this.#entries))
  }

  private append(key: Buffer, version: FormerVersion): void {
    const segment = this.segmentOf(version.to)
    const row = this.readRow(key, segment)
    const after = row.findIndex(({ from, to }) => from > version.from || (from === version.from && to > version.to))
    row.splice(after === -1 ? row.length : after, 0, version)
    this.writeRow(key, segment, row)
  }

  /** `i64 timestamp ‖ value`. */
  private readLatest(key: Buffer): Buffer | null {
    return this.bytes.get(this.latestKey(key))
  }

  private writeLatest(key: Buffer, value: Buffer | null, timestamp: number): void {
    let latest: Buffer | null = null
    if (value !== null) {
      latest = this.#entries.of(TIMESTAMP_BYTES + value.length)
      writeTimestamp(latest, timestamp)
      latest.set(value, TIMESTAMP_BYTES)
    }
    this.bytes.put(this.latestKey(key), latest)
  }

  private readRow(key: Buffer, segment: number): FormerVersion[] {
    const row = this.bytes.get(this.segmentKey(key, segment))
    return row === null ? [] : decodeRow(row)
  }

  private writeRow(key: Buffer, segment: number, row: readonly FormerVersion[]): void {
    this.bytes.put(this.segmentKey(key, segment), encodeRow(row))
  }

  /** Keys of entries are valid until the next one. */
  private latestKey(key: Buffer): Buffer {
    const bytes = this.#keys.of(LATEST_HEAD + key.length)
    bytes[0] = LATEST
    bytes.set(key, LATEST_HEAD)
    return bytes
  }

  private segmentKey(key: Buffer, segment: number): Buffer {
    const bytes = this.#keys.of(FORMER_HEAD + key.length)
    bytes[0] = FORMER
    writeTimestamp(bytes, segment, 1)
    bytes.set(key, FORMER_HEAD)
    return bytes
  }

  private segmentOf(timestamp: number): number {
    return Math.floor(timestamp / this.segmentMs)
  }

  private get oldestSegment(): number {
    return Math.max(0, this.segmentOf(this.observedTime - this.retentionMs))
  }

  private get newestSegment(): number {
    return this.segmentOf(this.observedTime)
  }
}

/** A view of the key that an entry of either kind belongs to. */
const keyIn = (entryKey: Buffer): Buffer => entryKey.subarray(entryKey[0] === LATEST ? LATEST_HEAD : FORMER_HEAD)

const latestVersion = (bytes: Buffer, timestamp: number): StoredVersion => ({
  timestamp,
  validTo: Infinity,
  bytes,
  valueAt: TIMESTAMP_BYTES,
})

const formerVersion = ({ from, to }: FormerVersion, bytes: Buffer): StoredVersion => ({
  timestamp: from,
  validTo: to,
  bytes,
  valueAt: 0,
})
