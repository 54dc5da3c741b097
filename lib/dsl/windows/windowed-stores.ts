import type { EmitStrategy } from '../../operators/close-emission'
import { sessionStoreBuilder } from '../../state/session/session-stores'
import { isPlain } from '../../state/key-value/plain-view'
import { timestampedFormat } from '../../state/key-value/value-format'
import type { StateStore, StoreBuilder } from '../../state/store'
import { windowStoreBuilder } from '../../state/window/window-stores'
import { type ResolvedWindowMaterialized, retentionOf } from '../options/window-materialized'
import type { DslContext } from '../graph-reference'
import type { SessionWindows } from './session-windows'
import type { WindowShape } from './window-shape'

/** The store behind a windowed table. What was given by a handle is found again by it. */
export function windowedStore<K, V>(
  context: DslContext,
  name: string,
  shape: WindowShape,
  options: ResolvedWindowMaterialized<K, V>,
  emit: EmitStrategy,
): StoreBuilder<StateStore> {
  const { handle, keySerde, valueSerde, logging, persistent, handleRetentionMs } = options
  const retentionMs = retentionOf(options, shape.neededRetentionMs, name, shape.needs)
  const emitsOnClose = emit === 'onWindowClose'
  const windows = windowStoreBuilder<K, V, unknown>({
    name,
    format: timestampedFormat<V>() as never,
    key: keySerde,
    value: valueSerde,
    retentionMs: options.retentionMs ?? handleRetentionMs ?? retentionMs,
    changelogRetentionMs: retentionMs,
    windowSizeMs: shape.sizeMs,
    bucketMs: shape.bucketMs,
    caching: options.caching && !(emitsOnClose && shape.windowing.kind === 'sliding'),
    logging,
    persistent,
    emitsOnClose,
  })
  const store = { ...windows, plainByName: isPlain(handle) }
  if (handle) context.graph.useForHandle(handle, store)
  return store
}

/** The store behind a table of sessions. */
export function sessionsStore<K, V>(
  context: DslContext,
  name: string,
  { inactivityGapMs, graceMs }: SessionWindows,
  options: ResolvedWindowMaterialized<K, V>,
  emit: EmitStrategy,
): StoreBuilder<StateStore> {
  const { handle, keySerde, valueSerde, logging, persistent, handleRetentionMs } = options
  const retentionMs = retentionOf(options, inactivityGapMs + graceMs, name, 'the inactivity gap plus the grace period')
  const emitsOnClose = emit === 'onWindowClose'
  const store = sessionStoreBuilder<K, V>({
    name,
    key: keySerde,
    value: valueSerde,
    retentionMs: options.retentionMs ?? handleRetentionMs ?? retentionMs,
    changelogRetentionMs: retentionMs,
    bucketMs: inactivityGapMs,
    caching: options.caching && !emitsOnClose,
    logging,
    persistent,
    emitsOnClose,
  })
  if (handle) context.graph.useForHandle(handle, store)
  return store
}
