import { StreamsError } from '../errors'
import type { HostInfo } from '../host-info'
import type { LocalStores } from './local-stores'
import type { ResolvedQueryOptions } from './query-options'
import type { Position } from './query-types'
import type { RemoteStores, ScanAnswer } from './remote-stores'
import type { CatalogStore } from './store-catalog'
import type { Row, ScanQuery } from './store-query'
import { readScan } from './store-reads'

/** Which partitions are read here, and which by whom. */
export interface ScanParts {
  readonly local: readonly number[]
  readonly remote: readonly { readonly host: HostInfo; readonly partitions: readonly number[] }[]
}

/** One scan of this instance's partitions, then those of others. When it ends, whatever the reason, the others stop theirs. */
export const mergedScan = async (
  localStores: LocalStores,
  remoteStores: RemoteStores,
  store: CatalogStore,
  query: ScanQuery<unknown>,
  options: ResolvedQueryOptions,
  { local, remote }: ScanParts,
): Promise<ScanAnswer> => {
  const abort = new AbortController()
  const { signal: outer } = options
  const aborted = (): void => abort.abort(outer!.reason)
  outer?.addEventListener('abort', aborted, { once: true })
  const end = (reason: unknown): void => {
    outer?.removeEventListener('abort', aborted)
    abort.abort(reason)
  }
  const scoped = { ...options, signal: abort.signal }
  let others: ScanAnswer[]
  try {
    others = await Promise.all(
      remote.map(({ host, partitions }) => remoteStores.scan(host, store, query, partitions, scoped)),
    )
  } catch (error) {
    end(error)
    throw error
  }
  let position: Position = {}
  let stale = false
  const have = (part: Pick<ScanAnswer, 'position' | 'stale'>): void => {
    position = mergePositions(position, part.position)
    stale ||= part.stale
  }
  const rows = async function* (): AsyncGenerator<Row> {
    try {
      for (const partition of local) {
        const found = localStores.find(store, partition, scoped)
        if (found === undefined) throw movedDuringScan(store, partition)
        have(found)
        const { store: part, close } = found.open()
        try {
          yield* readScan(part, query, scoped.signal)
        } finally {
          close()
        }
      }
      for (const other of others) {
        yield* other.rows
        have(other)
      }
    } finally {
      end(new Error('the scan has ended'))
    }
  }
  return {
    rows: rows(),
    get position() {
      return position
    },
    get stale() {
      return stale
    },
  }
}

const movedDuringScan = ({ name }: CatalogStore, partition: number): StreamsError =>
  new StreamsError(
    'STORE_NOT_AVAILABLE',
    `partition ${partition} of store "${name}" has moved to another instance during the scan: begin it again`,
    { store: name, partition },
  )

const mergePositions = (a: Position, b: Position): Position => {
  const merged: Record<string, Record<number, number>> = {}
  for (const position of [a, b]) {
    for (const [topic, offsets] of Object.entries(position)) merged[topic] = { ...merged[topic], ...offsets }
  }
  return merged
}
