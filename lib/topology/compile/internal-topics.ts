import type { ChangelogPolicy, StateStore, StoreBuilder } from '../../state/store'
import type { InternalTopic } from '../definition'
import { validateName } from '../naming/names'

/** The application's settings for all of its internal topics. */
export interface InternalTopicSettings {
  /** Configs of every internal topic. A store's own ones, and the time that it needs, take precedence. */
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
  const policy = store.changelogPolicy
  const cleanup = { 'cleanup.policy': policy.cleanup }
  const additionalMs = settings.windowStoreChangelogAdditionalRetentionMs ?? DAY_MS
  // whatever the application configures for all topics, those that must not be compacted never are, and none forgets what its store has
  const forced = { ...(policy.cleanup === 'delete' && cleanup), ...neededTime(policy, additionalMs) }
  return { name, config: { ...COMMON, ...cleanup, ...settings.topicConfig, ...forced, ...store.changelogConfig } }
}

function neededTime(policy: ChangelogPolicy, additionalMs: number): Record<string, string> {
  if ('retentionMs' in policy) return { 'retention.ms': sum(policy.retentionMs, additionalMs) }
  if ('minCompactionLagMs' in policy) return { 'min.compaction.lag.ms': sum(policy.minCompactionLagMs, 0) }
  return {}
}

/** In 64 bits, and no further: unlimited windows are kept forever. */
function sum(a: number, b: number): string {
  if (!Number.isFinite(a)) return String(LONGEST_MS)
  const total = BigInt(Math.round(a)) + BigInt(b)
  return String(total > LONGEST_MS ? LONGEST_MS : total)
}
