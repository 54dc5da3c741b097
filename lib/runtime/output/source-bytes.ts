/** The bytes that a record was deserialized from. */
export interface SourceBytes {
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
}

export const NO_SOURCE_BYTES: SourceBytes = Object.freeze({ rawKey: null, rawValue: null })

/** For users that need them for a while: they keep the fetch buffer in memory. */
export const viewsOf = ({ rawKey, rawValue }: SourceBytes): SourceBytes => ({ rawKey, rawValue })

/** For users that need them after the fetch buffer is gone. */
export const copyOf = ({ rawKey, rawValue }: SourceBytes): SourceBytes => ({
  rawKey: rawKey && Buffer.from(rawKey),
  rawValue: rawValue && Buffer.from(rawValue),
})
