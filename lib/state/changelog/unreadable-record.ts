import { StreamsError } from '../../errors'

/** Reads a changelog record of a format that the spine itself writes; what can't be read is not one of this store. */
export const readRecord = <T>(store: string, topic: string | null, read: () => T): T => {
  try {
    return read()
  } catch (cause) {
    throw new StreamsError(
      'DESERIALIZATION_FAILED',
      `store '${store}' can't read a record of its changelog ${topic}: ${(cause as Error).message}. Something else has ` +
        'written to this topic, or another kind of store has had this name: reset the application, or rename the store',
      { store, ...(topic !== null && { topic }) },
      { cause },
    )
  }
}
