import type { ChangelogPolicy, StateStore, StoreBuilder } from '../../state/store'
import type { InternalTopic } from '../definition'
import { validateName } from '../naming/names'

/** The application's settings for all of its internal topics. */
export interface InternalTopicSettings {
  /** Configs of every internal topic. A store's own ones take precedence. */
  readonly topicConfig?: Readonly<Record<string, string>>
  /** Added to the retention of window and session changelogs, in milliseconds. Default: one day. */
  readonly windowStoreChangelogAdditionalRetentionMs?: number
}

const DAY_MS = 86_400_000
const LONGEST_MS = (1n << 63n) - 1n

const COMMON = { 'message.timestamp.type': 'CreateTime' }
const REPARTITION = { ...COMMON, 'cleanup.policy': 'delete', 'segment.bytes': '52428800', 'retention.ms': '-1' }

/** `name` is the full name, as for the changelog. */
export function repartitionTopic(
  name: string,
  partitions: number | undefined,
  settings: InternalTopicSettings,
): InternalTopic {
  validateName(name, 'the repartition topic')
  return { name, config: { ...REPARTITION, ...settings.topicConfig }, partitions }
}

export function changelogTopic(
  name: string,
  store: StoreBuilder<StateStore>,
  settings: InternalTopicSettings,
): InternalTopic {
  validateName(name, `the changelog topic of store "${store.name}"`)
  const additionalMs = settings.windowStoreChangelogAdditionalRetentionMs ?? DAY_MS
  const policy = policyConfig(store.changelogPolicy, additionalMs)
  // topics that must not be compacted never are, whatever the application configures
  const forced = store.changelogPolicy.cleanup === 'delete' && { 'cleanup.policy': 'delete' }
  return { name, config: { ...COMMON, ...policy, ...settings.topicConfig, ...forced, ...store.changelogConfig } }
}

function policyConfig(policy: ChangelogPolicy, additionalMs: number): Record<string, string> {
  if ('retentionMs' in policy) {
    return { 'cleanup.policy': policy.cleanup, 'retention.ms': sum(policy.retentionMs, additionalMs) }
  }
  if ('minCompactionLagMs' in policy) {
    return { 'cleanup.policy': policy.cleanup, 'min.compaction.lag.ms': sum(policy.minCompactionLagMs, 0) }
  }
  return { 'cleanup.policy': policy.cleanup }
}

/** In 64 bits, and no further: unlimited windows are kept forever. */
function sum(a: number, b: number): string {
  if (!Number.isFinite(a)) return String(LONGEST_MS)
  const total = BigInt(Math.round(a)) + BigInt(b)
  return String(total > LONGEST_MS ? LONGEST_MS : total)
}
