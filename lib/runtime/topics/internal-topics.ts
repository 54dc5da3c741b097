import { StreamsError } from '../../errors'
import { type Admin, ClientError, type TopicSpec } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { InternalTopic } from '../../topology/definition'
import { notAuthorized } from '../failure/not-authorized'
import { retrying } from '../failure/retrying'
import { pause } from '../pause'

export interface InternalTopicsOptions {
  admin: Admin
  /** −1: the broker's default */
  replicationFactor: number
  logger: Logger
  signal: AbortSignal
  /** How long topics may take to be created and known. */
  timeoutMs: number
}

/** Creates missing internal topics, and rejects existing ones that do not fit the topology. */
export class InternalTopics {
  readonly #configChecked = new Set<string>()

  constructor(private readonly options: InternalTopicsOptions) {}

  /** Resolves when every topic exists with its number of partitions. */
  async ensure(topics: ReadonlyMap<InternalTopic, number>): Promise<void> {
    if (topics.size === 0) return
    const deadline = performance.now() + this.options.timeoutMs
    let created = false
    for (let pending = topics; ;) {
      const missing = await this.#missing(pending)
      if (missing.size === 0) break
      if (performance.now() > deadline) {
        throw new StreamsError(
          'TIMEOUT',
          `internal topics ${[...missing.keys()].map((t) => t.name).join(', ')} were still unknown to the brokers ` +
            `${this.options.timeoutMs} ms after their creation: check the brokers' logs`,
        )
      }
      if (created) await pause(100, this.options.signal)
      await this.#create(missing)
      created = true
      pending = missing
    }
    await this.#checkConfigs([...topics.keys()])
  }

  async #missing(topics: ReadonlyMap<InternalTopic, number>): Promise<Map<InternalTopic, number>> {
    const names = [...topics.keys()].map((topic) => topic.name)
    const found = new Map(
      (await this.#retrying('look up internal topics', (a) => a.topics(names))).map((t) => [t.topic, t]),
    )
    const missing = new Map<InternalTopic, number>()
    for (const [topic, partitions] of topics) {
      const existing = found.get(topic.name)
      if (!existing || existing.error || existing.partitions === 0) {
        if (existing?.error?.kind === 'authorization')
          throw notAuthorized(existing.error, {}, { topic: topic.name, operation: 'Describe' })
        missing.set(topic, partitions)
      } else if (existing.partitions !== partitions) {
        throw new StreamsError(
          'INTERNAL_TOPIC_MISMATCH',
          `internal topic ${topic.name} has ${existing.partitions} partitions and the topology needs ${partitions}. ` +
            'Either the partition count of a source topic or the topology has changed since the topic was created. ' +
            'Records of a key would no longer meet the state of that key, so nothing is changed automatically: ' +
            'stop all instances, reset the application (delete its internal topics, committed offsets and local state) ' +
            'or give it a new applicationId, or change the source topic back',
          { topic: topic.name },
        )
      }
    }
    return missing
  }

  async #create(topics: ReadonlyMap<InternalTopic, number>): Promise<void> {
    const specs = [...topics].map<TopicSpec>(([topic, partitions]) => ({
      topic: topic.name,
      partitions,
      replicationFactor: this.options.replicationFactor === -1 ? undefined : this.options.replicationFactor,
      configs: { ...topic.config },
    }))
    const results = await this.#retrying('create internal topics', (admin) => admin.createTopics(specs))
    for (const [name, result] of results) {
      if (result === 'created') {
        const partitions = specs.find((spec) => spec.topic === name)?.partitions
        this.options.logger.info({ topic: name, partitions }, 'created internal topic')
      } else if (result instanceof ClientError && result.kind !== 'retriable') {
        if (result.kind === 'authorization') throw notAuthorized(result, {}, { topic: name, operation: 'Create' })
        throw new StreamsError(
          'INTERNAL_TOPIC_MISMATCH',
          `the brokers refuse to create internal topic ${name}: ${result.message}. ` +
            'Check replicationFactor and topicConfig, or create the topic by hand',
          { topic: name },
          { cause: result },
        )
      }
    }
  }

  /** A changelog that is not compacted, or that forgets too early, loses the state that it should restore. */
  async #checkConfigs(topics: readonly InternalTopic[]): Promise<void> {
    for (const { name: topic, config } of topics) {
      const wanted = config['cleanup.policy']
      if (wanted === undefined || this.#configChecked.has(topic)) continue
      const configs = await this.#configsOf(topic)
      const found = configs?.get('cleanup.policy')
      if (found !== undefined && forgets(found) && !forgets(wanted)) throw forgetful(topic, found, wanted)
      this.#configChecked.add(topic)
      if (configs === undefined || found === undefined) continue
      if (policies(found) !== policies(wanted)) {
        this.options.logger.warn(
          { topic, found, wanted },
          'internal topic has another cleanup.policy than the topology needs: records may be lost, or kept without end. Alter the topic; or, ' +
            'if its store was of another kind under this name before, give the store a new name',
        )
      }
      if (forgets(found)) this.#checkTime(topic, 'retention.ms', configs, config)
      this.#checkTime(topic, 'min.compaction.lag.ms', configs, config)
    }
  }

  /** Windows that have become longer, for example, do not change the topic that exists. */
  #checkTime(
    topic: string,
    name: 'retention.ms' | 'min.compaction.lag.ms',
    configs: ReadonlyMap<string, string>,
    { [name]: wanted }: InternalTopic['config'],
  ): void {
    const found = configs.get(name)
    if (found === undefined || wanted === undefined || milliseconds(found) >= milliseconds(wanted)) return
    this.options.logger.warn(
      { topic, found, wanted },
      `internal topic ${topic} has ${name}=${found}, and the topology needs ${wanted}: the brokers may drop what is still needed, and a ` +
        `restore would lack it. Raise it: kafka-configs.sh --alter --topic ${topic} --add-config ${name}=${wanted}`,
    )
  }

  /** Undefined where they can't be read: that may not be authorized. */
  async #configsOf(topic: string): Promise<Map<string, string> | undefined> {
    try {
      const configs = await this.options.admin.topicConfigs(topic)
      return new Map([...configs].flatMap(([name, { value }]) => (value === null ? [] : [[name, value]])))
    } catch (error) {
      this.options.logger.debug({ topic, err: error }, 'could not read the configuration of an internal topic')
      return undefined
    }
  }

  #retrying<T>(what: string, call: (admin: Admin) => Promise<T>): Promise<T> {
    return retrying(what, () => call(this.options.admin), {
      timeoutMs: this.options.timeoutMs,
      signal: this.options.signal,
      logger: this.options.logger,
    })
  }
}

const forgets = (policy: string): boolean => policy.includes('delete')

const forgetful = (topic: string, found: string, wanted: string): StreamsError =>
  new StreamsError(
    'INTERNAL_TOPIC_MISMATCH',
    `changelog ${topic} has cleanup.policy=${found} and the topology needs ${wanted}: the brokers would delete with time what its store ` +
      'keeps. If a window or session store had this name before, give the store a new name; or, if the former contents can go, stop all ' +
      'instances, delete the topic, and call cleanUp() on each before its next start. If the topic was created or altered by hand, set its ' +
      `cleanup.policy to ${wanted}; if rows are meant to be deleted with time, say so in the store's options: ` +
      `logging: { 'cleanup.policy': '${found}' }`,
    { topic },
  )

/** A retention of −1 never ends. */
const milliseconds = (text: string): number => (text === '-1' ? Infinity : Number(text))

const policies = (text: string): string =>
  text
    .split(',')
    .map((part) => part.trim())
    .sort()
    .join()
