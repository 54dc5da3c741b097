import { COUNT, isObject, kind, type Kind, options as optionsOf, requireArgument, SERDE } from '../arguments'
import { StreamsError } from '../errors'
import type { RecordHeaders } from '../record/headers'
import { MissingDependency } from './missing-dependency'
import type { Serde, SerdeUse } from './serde'

/** Which version values have, and how those of earlier ones are brought to it. */
export interface VersionedOptions {
  /** The version of the values that the code writes, and reads: 1 or more. Raise it with each change that needs a migration. */
  version: number
  /**
   * By version: makes a value of one version one of the next. `{ 1: toVersion2, 2: toVersion3 }` for version 3. Values of versions
   * before the first of them can't be read.
   */
  migrate: Readonly<Record<number, (value: never) => unknown>>
  /**
   * By version: the serde of values of earlier versions, where the one of today can't read them, for example as its schema refuses
   * them. Default: the serde that is given.
   */
  earlier?: Readonly<Record<number, Serde<unknown>>>
}

/** Text in UTF-8, JSON and what a schema registry's serializers write begin otherwise. */
const MARK = Buffer.of(0xff, 0x56, 0x45, 0x52)
/** Of mark and version. */
const PREFIX_BYTES = 8
const FIRST_VERSION = 1

/** A value's version. Values of the first one have the plain bytes of their serde, unless these begin with the mark. */
const versionOf = (bytes: Buffer): number => (isMarked(bytes) ? bytes.readUInt32BE(MARK.length) : FIRST_VERSION)

const isMarked = (bytes: Buffer): boolean =>
  bytes.length >= PREFIX_BYTES &&
  bytes[0] === MARK[0] &&
  bytes[1] === MARK[1] &&
  bytes[2] === MARK[2] &&
  bytes[3] === MARK[3]

/** `FF 56 45 52 ‖ u32 version ‖ value`; version 1 is the value alone. */
class VersionedSerde<T> implements Serde<T> {
  constructor(
    private readonly inner: Serde<T>,
    private readonly version: number,
    /** From the version that it begins with, one after another. */
    private readonly migrations: readonly ((value: unknown) => unknown)[],
    private readonly earlier: Readonly<Record<number, Serde<unknown>>>,
  ) {}

  serialize(topic: string, value: T, headers: RecordHeaders): Buffer | null {
    const bytes = this.inner.serialize(topic, value, headers)
    if (bytes === null || (this.version === FIRST_VERSION && !isMarked(bytes))) return bytes
    const marked = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length)
    marked.set(MARK, 0)
    marked.writeUInt32BE(this.version, MARK.length)
    marked.set(bytes, PREFIX_BYTES)
    return marked
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): T {
    const version = versionOf(bytes)
    const plain = isMarked(bytes) ? bytes.subarray(PREFIX_BYTES) : bytes
    if (version === this.version) return this.inner.deserialize(topic, plain, headers)
    const oldest = this.version - this.migrations.length
    if (version > this.version || version < oldest) throw this.unknown(version, oldest)
    let value: unknown = (this.earlier[version] ?? this.inner).deserialize(topic, plain, headers)
    for (let at = version; at < this.version; at++) {
      try {
        value = this.migrations[at - oldest]!(value)
      } catch (error) {
        throw migrationFailed(at, error)
      }
    }
    return value as T
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    await this.inner.prepare?.(topic, use)
    if (use === 'store') for (const serde of Object.values(this.earlier)) await serde.prepare?.(topic, use)
  }

  private unknown(version: number, oldest: number): StreamsError {
    const versions = oldest === this.version ? `version ${oldest}` : `versions ${oldest} to ${this.version}`
    const nextStep =
      version > this.version
        ? 'newer code has written it: deploy that version of the application again; to go back, reset the application'
        : `add a migration of version ${version}`
    return new StreamsError(
      'STATE_VERSION_UNKNOWN',
      `the value has version ${version}, and this code reads ${versions}: ${nextStep}`,
    )
  }
}

const migrationFailed = (version: number, error: unknown): unknown =>
  error instanceof MissingDependency
    ? error
    : new StreamsError(
        'STATE_MIGRATION_FAILED',
        `the migration of version ${version} to ${version + 1} failed: ${error instanceof Error ? error.message : String(error)}. Correct it: ` +
          'the value stays as it is until it can be migrated',
        {},
        { cause: error },
      )

const BY_VERSION = (is: string, fits: Kind): Kind => ({
  is,
  problem(value, name) {
    if (!isObject(value)) return `${name} to be ${is}`
    for (const [version, entry] of Object.entries(value)) {
      const problem = fits.problem(entry, `${name}[${version}]`)
      if (problem !== undefined) return problem
    }
    return undefined
  },
})

const OPTIONS = optionsOf<VersionedOptions>(
  {
    version: COUNT,
    migrate: BY_VERSION(
      'functions by the versions that they migrate',
      kind('a function that makes a value of the next version', (value) => typeof value === 'function'),
    ),
    earlier: BY_VERSION('serdes by the versions that they read', SERDE),
  },
  ['version', 'migrate'],
)

/**
 * Values of a store with a version, so that new code reads what older code has stored: each value is migrated when it is read, one version
 * after the other, and has the new version when it is written again. Values without a version, such as those that Java or an application
 * before its first migration has written, are of version 1, and version 1 is written without one. Later versions take 8 bytes before the value, in
 * the store and its changelog: Java can't read these.
 *
 * @example
 * interface Profile { clicks: number; spent: number }
 * const profile = serdes.versioned(serdes.json<Profile>(), {
 *   version: 3,
 *   migrate: {
 *     1: (clicks: number) => ({ clicks }), // version 1 was a number
 *     2: ({ clicks }: { clicks: number }) => ({ clicks, spent: 0 }),
 *   },
 * })
 * const profiles = keyValueStore('profiles', { key: serdes.string(), value: profile })
 *
 * @throws StreamsError INVALID_ARGUMENT for migrations with gaps
 */
export const versioned = <T>(serde: Serde<T>, options: VersionedOptions): Serde<T> => {
  requireArgument(serde, SERDE, 'serdes.versioned', 'serde')
  requireArgument(options, OPTIONS, 'serdes.versioned', 'options')
  const { version, migrate, earlier = {} } = options
  const given = Object.keys(migrate)
    .map(Number)
    .sort((a, b) => a - b)
  const oldest = version - given.length
  const fits = oldest >= FIRST_VERSION && given.every((from, i) => from === oldest + i)
  if (!fits) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `serdes.versioned needs options.migrate to have each version up to ${version - 1} without a gap, and got ${given.join(', ') || 'none'}`,
    )
  }
  const stray = Object.keys(earlier).find((from) => !given.includes(Number(from)))
  if (stray !== undefined) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `serdes.versioned needs options.earlier to have serdes of versions that are migrated, and got ${stray}`,
    )
  }
  const migrations = given.map((from) => migrate[from] as (value: unknown) => unknown)
  return new VersionedSerde(serde, version, migrations, earlier)
}
