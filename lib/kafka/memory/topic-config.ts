import { brokerError } from './broker-error'

/** Kafka's own defaults of the configs that applications look at. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'delete'],
  ['compression.type', 'producer'],
  ['delete.retention.ms', '86400000'],
  ['file.delete.delay.ms', '60000'],
  ['flush.messages', '9223372036854775807'],
  ['flush.ms', '9223372036854775807'],
  ['follower.replication.throttled.replicas', ''],
  ['index.interval.bytes', '4096'],
  ['leader.replication.throttled.replicas', ''],
  ['local.retention.bytes', '-2'],
  ['local.retention.ms', '-2'],
  ['max.compaction.lag.ms', '9223372036854775807'],
  ['max.message.bytes', '1048588'],
  ['message.timestamp.after.max.ms', '3600000'],
  ['message.timestamp.before.max.ms', '9223372036854775807'],
  ['message.timestamp.type', 'CreateTime'],
  ['min.cleanable.dirty.ratio', '0.5'],
  ['min.compaction.lag.ms', '0'],
  ['min.insync.replicas', '1'],
  ['preallocate', 'false'],
  ['remote.storage.enable', 'false'],
  ['retention.bytes', '-1'],
  ['retention.ms', '604800000'],
  ['segment.bytes', '1073741824'],
  ['segment.index.bytes', '10485760'],
  ['segment.jitter.ms', '0'],
  ['segment.ms', '604800000'],
  ['unclean.leader.election.enable', 'false'],
])

const POLICIES = new Set(['', 'compact', 'delete', 'compact,delete', 'delete,compact'])
const NUMERIC = /(\.ms|\.bytes|\.messages|\.insync\.replicas)$/

/**
 * A topic's configs, kept as given. The embedded Kafka acts on `cleanup.policy` (compaction, and that a compacted topic
 * takes no null keys), `max.message.bytes` and `retention.bytes`; the others can be set and read, no more.
 */
export class TopicConfig {
  private readonly own = new Map<string, string>()
  compacted = false
  maxMessageBytes = 0
  /** Infinity: no bound. */
  retentionBytes = 0

  constructor(configs: Readonly<Record<string, string | null>>) {
    this.alter(configs)
  }

  /** `null` goes back to the default. All or nothing. */
  alter(configs: Readonly<Record<string, string | null>>): void {
    for (const [name, value] of Object.entries(configs)) validate(name, value)
    for (const [name, value] of Object.entries(configs)) {
      if (value === null) this.own.delete(name)
      else this.own.set(name, value)
    }
    const policy = this.valueOf('cleanup.policy').replaceAll(' ', '').split(',')
    this.compacted = policy.includes('compact')
    this.maxMessageBytes = Number(this.valueOf('max.message.bytes'))
    const retention = Number(this.valueOf('retention.bytes'))
    this.retentionBytes = policy.includes('delete') && retention >= 0 ? retention : Infinity
  }

  entries(): Map<string, { value: string | null; isDefault: boolean }> {
    const entries = new Map<string, { value: string | null; isDefault: boolean }>()
    for (const [name, value] of DEFAULTS) entries.set(name, { value, isDefault: true })
    for (const [name, value] of this.own) entries.set(name, { value, isDefault: false })
    return entries
  }

  private valueOf(name: string): string {
    return this.own.get(name) ?? DEFAULTS.get(name)!
  }
}

const validate = (name: string, value: string | null): void => {
  if (!DEFAULTS.has(name)) throw brokerError('INVALID_CONFIG', `Unknown topic config name: ${name}`)
  if (value === null) return
  if (name === 'cleanup.policy' && !POLICIES.has(value.replaceAll(' ', ''))) {
    throw brokerError('INVALID_CONFIG', `Invalid value ${value} for cleanup.policy: use delete, compact or both`)
  }
  if (NUMERIC.test(name) && !/^-?\d+$/.test(value)) {
    throw brokerError('INVALID_CONFIG', `Invalid value ${value} for ${name}: not a number`)
  }
}
