/** What tells records apart: text or a number. */
export type RecordId = string | number | bigint

/** The same bytes for equal ids alone: the number 1, the bigint 1n and the text '1' differ. */
export const recordIdBytes = (id: RecordId): Buffer => Buffer.from(`${TAGS[typeof id as keyof typeof TAGS]}${id}`)

export const recordIdOf = (bytes: Buffer): RecordId => {
  const text = bytes.toString('utf8', 1)
  switch (bytes[0]) {
    case CODES.number:
      return Number(text)
    case CODES.bigint:
      return BigInt(text)
    default:
      return text
  }
}

const TAGS = { string: 's', number: 'n', bigint: 'i' } as const

const CODES = { number: TAGS.number.charCodeAt(0), bigint: TAGS.bigint.charCodeAt(0) } as const
