import os from 'node:os'
import { resolveConfig, type StreamsConfig } from '../../../lib/config/config'
import { StreamsError } from '../../../lib/errors'
import { deadLetterTopic } from '../../../lib/handlers'
import { EmbeddedKafka } from '../../../lib/kafka/memory'
import type { KafkaClientFactory } from '../../../lib/kafka/port'
import { silentLogger } from '../../../lib/observe/logger'
import { levelEngine } from '../../../lib/state/level/level-engine'
import { memoryEngine } from '../../../lib/state/memory/memory-engine'

const base: StreamsConfig = { applicationId: 'app', kafka: { brokers: ['localhost:9092'] } }
const resolveUnchecked = (config: unknown) => resolveConfig(config as StreamsConfig)

const refusal = (config: unknown): StreamsError => {
  try {
    resolveUnchecked(config)
  } catch (error) {
    return error as StreamsError
  }
  throw new Error('it was accepted')
}

describe('resolveConfig', () => {
  afterEach(() => jest.restoreAllMocks())

  it.each([
    [undefined, /configuration is missing/],
    [{ kafka: base.kafka }, /applicationId is missing/],
    [{ ...base, applicationId: '' }, /applicationId is missing/],
    [{ ...base, applicationId: 'my app' }, /applicationId is 'my app'.*letters, digits/],
    [{ ...base, applicationId: '..' }, /applicationId is '\.\.'/],
    [{ applicationId: 'app' }, /kafka is missing.*brokers/],
    [{ ...base, kafka: { brokers: [] } }, /kafka.brokers is empty/],
    [{ ...base, kafka: {} }, /kafka has no brokers: pass \{ brokers/],
    [{ ...base, kafka: { bootstrapServers: 'a:1' } }, /kafka has no brokers, but 'bootstrapServers': pass/],
    [{ ...base, kafka: 'localhost:9092' }, /kafka is 'localhost:9092': pass kafka: { brokers: \['localhost:9092'\] }/],
    [
      { ...base, kafka: { brokers: 'localhost:9092' } },
      /kafka.brokers is 'localhost:9092': pass a list, brokers: \['localhost:9092'\]/,
    ],
    [{ ...base, kafka: { brokers: 'a:1, b:2' } }, /kafka.brokers is 'a:1, b:2'.*brokers: \['a:1', 'b:2'\]/],
    [{ ...base, kafka: { brokers: '' } }, /kafka.brokers is '': pass a list, brokers: \['localhost:9092'\]/],
    [{ ...base, kafka: { brokers: ['a:1', undefined] } }, /kafka.brokers\[1\] is undefined.*environment variable/],
    [{ ...base, kafka: { brokers: [''] } }, /kafka.brokers\[0\] is ''/],
    [{ ...base, kafka: { brokers: 9092 } }, /kafka is missing/],
    [
      { ...base, kafka: { brokers: ['a:1', 'http://b:9092/'] } },
      /^kafka.brokers\[1\] is 'http:\/\/b:9092\/': write 'b:9092', without http:\/\//,
    ],
    [
      { ...base, kafka: { brokers: ['SASL_SSL://a:9094'] } },
      /write 'a:9094', without SASL_SSL:\/\/.*ssl: true, sasl: \{/,
    ],
    [{ ...base, kafka: { brokers: ['a:1, b:2'] } }, /each broker as an entry of its own, 'a:1', 'b:2'/],
    [
      { ...base, kafka: { ...base.kafka, 'security.protocol': 'SASL_SSL', sslEnabled: true, requestTimout: 1 } },
      /unknown configuration keys: kafka.security.protocol \(it is kafka: \{ ssl: … \}\), kafka.sslEnabled \(it is .*\), kafka.requestTimout \(did you mean kafka.requestTimeout\?\)/,
    ],
    [{ ...base, kafka: { brokers: () => ['a:1'], wizardry: 1 } }, /^unknown configuration key: kafka.wizardry$/],
    [
      { ...base, kafka: { brokers: ['kafka'] } },
      /kafka.brokers\[0\] is 'kafka': the port is missing: write 'kafka:9092'/,
    ],
    [{ ...base, kafka: { brokers: ['kafka:'] } }, /the port is missing: write 'kafka:9092'/],
    [{ ...base, kafka: { brokers: ['kafka:99999'] } }, /port 99999 is not between 1 and 65535/],
    [{ ...base, kafka: { brokers: ['kafka:port'] } }, /write host:port, such as/],
    [{ ...base, kafka: { brokers: ['::1:9092'] } }, /an IPv6 address in brackets/],
    [{ ...base, kafka: { client: 'mine' } }, /kafka is missing.*\{ client: \(options\) => kafkaClient \}/],
    [{ ...base, commitInterval: 'soon' }, /commitInterval is "soon".*'30s'/],
    [{ ...base, commitInterval: -1 }, /commitInterval is -1/],
    [{ ...base, maxTaskIdle: '-1s' }, /maxTaskIdle/],
    [{ ...base, stateCacheMaxBytes: -1 }, /stateCacheMaxBytes is -1.*whole number of 0 or more/],
    [{ ...base, statestoreCacheMaxBytes: 1.5 }, /statestoreCacheMaxBytes is 1.5.*whole number of 0 or more/],
    [{ ...base, bufferedRecordsPerPartition: 0 }, /bufferedRecordsPerPartition is 0/],
    [{ ...base, replicationFactor: 0 }, /replicationFactor is 0/],
    [
      { ...base, processingGuarantee: 'exactly_once_v2' },
      /processingGuarantee is 'exactly_once_v2'.*'at_least_once', 'exactly_once'/,
    ],
    [{ ...base, autoOffsetReset: 'newest' }, /autoOffsetReset is "newest".*byDuration/],
    [{ ...base, autoOffsetReset: { byDuration: 'PT1H' } }, /autoOffsetReset is \{"byDuration":"PT1H"\}/],
    [{ ...base, windowStoreChangelogAdditionalRetention: -1 }, /windowStoreChangelogAdditionalRetention is -1/],
    [{ ...base, applicationServer: 'localhost' }, /applicationServer is 'localhost'.*host and port/],
    [{ ...base, applicationServer: 'http://localhost:80' }, /applicationServer is 'http:/],
    [{ ...base, applicationServer: 'a:70000' }, /applicationServer is 'a:70000'/],
    [{ ...base, applicationServer: 'a\r\nb:80' }, /applicationServer/],
    [{ ...base, stateDir: '' }, /stateDir is ''/],
    [{ ...base, topicConfig: { 'retention.ms': 5 } }, /topicConfig must map names to texts/],
    [{ ...base, defaultValueSerde: () => undefined }, /defaultValueSerde is no serde: call the function/],
    [{ ...base, stateEngine: levelEngine }, /stateEngine is no engine: call the function/],
    [{ ...base, stateEngine: null }, /stateEngine is no engine/],
    [{ ...base, metricsRecordingLevel: 'trace' }, /metricsRecordingLevel is 'trace'.*'off', 'info', 'debug'/],
    [
      { ...base, deserializationExceptionHandler: 'continue' },
      /deserializationExceptionHandler is 'continue': give a function, such as logAndContinue\(\)/,
    ],
    [
      { ...base, processingExceptionHandler: deadLetterTopic },
      /processingExceptionHandler is deadLetterTopic itself: call it, as in deadLetterTopic\(…\)/,
    ],
    [{ ...base, tracing: () => {} }, /tracing is .*recordTracing\(api\)/],
    [{ ...base, logger: console.log }, /logger needs the methods/],
    [{ ...base, logLevel: 'trace' }, /logLevel is 'trace': it can be 'debug', 'info', 'warn', 'error', 'silent'/],
    [{ ...base, logLevel: 'info', logger: silentLogger }, /logLevel is for the default logger/],
    [{ ...base, logFormat: 'xml' }, /logFormat is 'xml': it can be 'text', 'json'/],
    [{ ...base, logFormat: 'json', logger: silentLogger }, /logFormat is for the default logger.* drop logFormat/],
    [{ ...base, sessionTimeout: '5s' }, /heartbeatInterval is 3000 ms and sessionTimeout 5000 ms/],
    [
      { ...base, sessionTimeout: '30d' },
      /sessionTimeout is '30d': give a time from 1 to 2147483647 ms, which are 24 d/,
    ],
    [{ ...base, maxPollInterval: 2 ** 31 }, /maxPollInterval is 2147483648: give a time from 1 to 2147483647 ms/],
    [{ ...base, slowCallbackWarning: 0 }, /slowCallbackWarning is 0: every callback takes longer; .* such as '1d'/],
    [{ ...base, maxPollInterval: 0 }, /maxPollInterval is 0: give a time from 1/],
    [{ ...base, heartbeatInterval: 0 }, /heartbeatInterval is 0: give a time from 1/],
    [{ ...base, transactionTimeout: '25d' }, /transactionTimeout is '25d': give a time from 1 to 2147483647 ms/],
    [
      { ...base, defaultTimestampExtractor: { extract: () => 0 } },
      /defaultTimestampExtractor is .*: give a function, \(/,
    ],
    [{ ...base, processingGuarantee: 'exactly_once', commitInterval: '10s' }, /every transaction would time out/],
  ])('refuses %j', (config, message) => {
    const error = refusal(config)
    expect(error).toBeInstanceOf(StreamsError)
    expect(error.code).toBe('INVALID_CONFIG')
    expect(error.message).toMatch(message)
  })

  it.each([
    ['commit.interval.ms', 'commitInterval'],
    ['commitIntervall', 'commitInterval'],
    ['stateDirectory', 'stateDir'],
    ['processing.guarantee', 'processingGuarantee'],
    ['applicationID', 'applicationId'],
    ['linger.ms', 'producer.linger'],
    ['lingerMs', 'producer.linger'],
    ['producer.max.request.size', 'producer.maxRequestSize'],
    ['compression', 'producer.compressionType'],
    ['fetchMinBytes', 'consumer.fetchMinBytes'],
  ])('for the unknown key %s suggests %s', (unknown, known) => {
    expect(refusal({ ...base, [unknown]: 1 }).message).toContain(`${unknown} (did you mean ${known}?)`)
  })

  it.each([
    ['bootstrap.servers', "it is kafka: { brokers: ['host:port'] }"],
    ['bootstrapServers', "it is kafka: { brokers: ['host:port'] }"],
    ['sasl.jaas.config', 'it is kafka: { sasl: … }'],
    ['num.stream.threads', 'an instance has one thread: start more instances'],
    ['numStreamThreads', 'an instance has one thread: start more instances'],
    ['cache.max.bytes.buffering', 'did you mean statestoreCacheMaxBytes?'],
    ['main.consumer.auto.offset.reset', 'it is autoOffsetReset of the configuration itself'],
    ['producer.transactional.id', 'processingGuarantee decides it'],
    ['topic.retention.ms', "it is topicConfig: { 'min.insync.replicas': '2' }"],
    ['num.standby.replicas', 'not supported: drop it'],
    ['task.timeout.ms', 'not supported: drop it'],
    ['default.list.key.serde.type', 'not supported: drop it'],
    ['client.tag.zone', 'not supported: drop it'],
    ['rackAwareAssignmentStrategy', 'not supported: drop it'],
    ['max.block.ms', 'not supported: drop it'],
    ['retries', 'records are sent again until producer.deliveryTimeout has passed'],
    ['key.deserializer', 'serdes are options of the topology, or defaultKeySerde and defaultValueSerde'],
    ['value.serializer.encoding', 'serdes are options of the topology, or defaultKeySerde and defaultValueSerde'],
    ['partitioner.class', 'it is an option of to() and repartition()'],
    ['socket.connection.setup.timeout.ms', 'it is kafka: { connectionTimeout: … }'],
    ['send.buffer.bytes', 'it is kafka: { socketFactory: … }'],
  ])('tells what to do in place of the setting %s of Java', (setting, hint) => {
    expect(refusal({ ...base, [setting]: 1 }).message).toBe(`unknown configuration key: ${setting} (${hint})`)
  })

  it.each([
    ['ssl', 'it is kafka: { ssl: … }'],
    ['sasl', 'it is kafka: { sasl: … }'],
    ['saslMechanism', 'it is kafka: { sasl: … }'],
    ['retry', 'it is kafka: { retry: … }'],
    ['connectionTimeout', 'it is kafka: { connectionTimeout: … }'],
    ['authenticationTimeout', 'it is kafka: { authenticationTimeout: … }'],
  ])('tells where the setting %s of kafkajs belongs', (setting, hint) => {
    expect(refusal({ ...base, [setting]: 1 }).message).toBe(`unknown configuration key: ${setting} (${hint})`)
  })

  it.each([
    ['application.id', 'applicationId'],
    ['state.dir', 'stateDir'],
    ['statestore.cache.max.bytes', 'statestoreCacheMaxBytes'],
    ['max.task.idle.ms', 'maxTaskIdle'],
    ['main.consumer.fetch.min.bytes', 'consumer.fetchMinBytes'],
    ['producer.compression.type', 'producer.compressionType'],
  ])('finds the setting %s of Java by its spelling', (setting, key) => {
    expect(refusal({ ...base, [setting]: 1 }).message).toContain(`${setting} (did you mean ${key}?)`)
  })

  it("tells what to do with Java's settings in the sections of the clients", () => {
    expect(refusal({ ...base, consumer: { 'session.timeout.ms': 1 } }).message).toBe(
      'unknown configuration key: consumer.session.timeout.ms (it is sessionTimeout of the configuration itself)',
    )
  })

  it('names every unknown key, and suggests nothing far off', () => {
    expect(refusal({ ...base, rocksdb: 1, wizardry: 2 }).message).toBe('unknown configuration keys: rocksdb, wizardry')
  })

  it("has Kafka Streams' defaults", () => {
    expect(resolveConfig(base)).toMatchObject({
      processingGuarantee: 'at_least_once',
      commitIntervalMs: 30_000,
      statestoreCacheMaxBytes: 10 * 1024 * 1024,
      maxTaskIdleMs: 0,
      bufferedRecordsPerPartition: 1000,
      replicationFactor: -1,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3000,
      maxPollIntervalMs: 300_000,
      autoOffsetReset: 'earliest',
      windowStoreChangelogAdditionalRetentionMs: 86_400_000,
      transactionTimeoutMs: 10_000,
      repartitionPurgeIntervalMs: 30_000,
      stateEngine: { name: 'LevelDB' },
    })
  })

  it.each([
    [0, 24, 256],
    [0, 1, 128],
    [2 ** 64, 24, 256],
    [0.5, 24, 64],
    [4, 1, 128],
  ])('with a limit of %d GiB on a machine with %d GiB, caches %d MiB of state', (limit, memory, mib) => {
    jest.spyOn(process, 'constrainedMemory').mockReturnValue(limit * 2 ** 30)
    jest.spyOn(os, 'totalmem').mockReturnValue(memory * 2 ** 30)
    expect(resolveConfig(base).stateCache.maxBytes).toBe(mib * 2 ** 20)
  })

  it('commits every 100 ms under exactly_once, unless told otherwise', () => {
    expect(resolveConfig({ ...base, processingGuarantee: 'exactly_once' }).commitIntervalMs).toBe(100)
    expect(resolveConfig({ ...base, processingGuarantee: 'exactly_once', commitInterval: '1s' }).commitIntervalMs).toBe(
      1000,
    )
  })

  it('takes the longest times that Kafka has, and longer ones where no broker is told', () => {
    const longest = 2 ** 31 - 1
    expect(
      resolveConfig({
        ...base,
        sessionTimeout: longest,
        maxPollInterval: longest,
        metadataMaxAge: '365d',
        commitInterval: Number.MAX_SAFE_INTEGER,
        producer: { deliveryTimeout: '365d' },
      }),
    ).toMatchObject({
      sessionTimeoutMs: longest,
      maxPollIntervalMs: longest,
      metadataMaxAgeMs: 31_536_000_000,
      commitIntervalMs: Number.MAX_SAFE_INTEGER,
      producerConfig: { deliveryTimeoutMs: 31_536_000_000 },
    })
  })

  it('takes what is given', () => {
    const stateEngine = memoryEngine()
    const warn = jest.fn()
    const resolved = resolveConfig({
      ...base,
      stateEngine,
      kafka: { brokers: () => ['a:1'] },
      maxTaskIdle: -1,
      autoOffsetReset: { byDuration: '1h' },
      windowStoreChangelogAdditionalRetention: '2d',
      commitInterval: '1.5s',
      replicationFactor: 3,
      statestoreCacheMaxBytes: 0,
      logger: { ...silentLogger, warn },
    })
    expect(resolved.stateEngine).toBe(stateEngine)
    resolved.logger.warn({ taskId: '0_0' }, 'it was late')
    expect(warn.mock.calls).toEqual([[{ taskId: '0_0' }, 'it was late']])
    expect(resolved).toMatchObject({
      maxTaskIdleMs: -1,
      autoOffsetReset: { byDuration: '1h' },
      windowStoreChangelogAdditionalRetentionMs: 172_800_000,
      commitIntervalMs: 1500,
      replicationFactor: 3,
      statestoreCacheMaxBytes: 0,
    })
  })

  it.each([
    ['warn', undefined],
    ['info', 'info'],
  ] as const)('has a default logger that writes from %s on with logLevel %s', (level, logLevel) => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    const { logger } = resolveConfig({ ...base, logFormat: 'text', ...(logLevel === undefined ? {} : { logLevel }) })
    for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each)
    const first = String(write.mock.calls[0]![0])
    write.mockRestore()
    expect(first).toMatch(new RegExp(` ${level.toUpperCase()} ${level}\\n$`))
  })

  it('takes an embedded Kafka', async () => {
    await using kafka = new EmbeddedKafka()
    expect(resolveConfig({ ...base, kafka }).kafka).toBe(kafka)
  })

  it('takes whatever makes a client', () => {
    const kafka: KafkaClientFactory = { client: () => Object.create(null) }
    expect(resolveConfig({ ...base, kafka }).kafka).toBe(kafka)
  })
})
