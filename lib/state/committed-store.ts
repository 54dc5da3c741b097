import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import type { ByteStore, CommittedBytes } from './state-engine'
import type { ManagedStore, StateStore, StateStoreContext, StoreBuilder } from './store'

/** A store to read for a while. */
export interface OpenedReads {
  readonly store: StateStore
  /** Nothing is read from it any longer. */
  close(): void
}

export interface CommittedStoreOptions {
  readonly builder: StoreBuilder
  /** As the store of the task has it. */
  readonly changelogTopic: string | null
  readonly bytes: CommittedBytes
  readonly task: Pick<
    StateStoreContext,
    'applicationId' | 'taskId' | 'partition' | 'defaultKeySerde' | 'defaultValueSerde'
  >
}

/**
 * A second store of the same kind over what the last commit has left: it knows neither the record cache of the first, nor what that
 * keeps apart from its bytes, so that nothing uncommitted shows, whatever the kind.
 */
export const openCommitted = ({ builder, changelogTopic, bytes, task }: CommittedStoreOptions): OpenedReads => {
  const store = builder.build(changelogTopic) as ManagedStore
  const { name } = builder
  const refuse = (): never => {
    throw new StreamsError('ILLEGAL_STATE', `store '${name}' is written where it is only to be read`, { store: name })
  }
  const readOnly: ByteStore = {
    get: (key) => bytes.get(key),
    scan: (scan) => bytes.scan(scan),
    put: refuse,
    restore: refuse,
    dropBelow: refuse,
    approximateNumEntries: () => 0,
  }
  const { applicationId, taskId, partition, defaultKeySerde, defaultValueSerde } = task
  try {
    store.init({
      applicationId,
      taskId,
      partition,
      defaultKeySerde,
      defaultValueSerde,
      recordContext: { topic: null, partition: -1, offset: -1, timestamp: 0, headers: NO_HEADERS },
      logChange: refuse,
      dropRecord: () => {},
      openBytes: () => readOnly,
      beforeSeal: () => {},
      cache: undefined,
      // the store of the task has prepared the same serdes
      prepare: () => {},
    })
  } catch (error) {
    bytes.close()
    throw error
  }
  const close = (): void => {
    store.close()
    bytes.close()
  }
  return { store, close }
}
