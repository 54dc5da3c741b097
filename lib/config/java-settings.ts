/**
 * Settings of Kafka, Kafka Streams and kafkajs that are elsewhere here, or nowhere, with what to do. All others have the same name
 * in camelCase, so that spelling finds them. `name.*` stands for every setting that begins so.
 */
const SETTINGS: readonly (readonly [names: string, hint: string])[] = [
  ['bootstrap.servers brokers', "it is kafka: { brokers: ['host:port'] }"],
  ['security.protocol ssl.*', 'it is kafka: { ssl: … }'],
  ['sasl.*', 'it is kafka: { sasl: … }'],
  [
    'retry retry.backoff.ms retry.backoff.max.ms reconnect.backoff.ms reconnect.backoff.max.ms',
    'it is kafka: { retry: … }',
  ],
  [
    'connection.timeout socket.connection.setup.timeout.ms socket.connection.setup.timeout.max.ms',
    'it is kafka: { connectionTimeout: … }',
  ],
  ['authentication.timeout', 'it is kafka: { authenticationTimeout: … }'],
  ['enforce.request.timeout', 'it is kafka: { enforceRequestTimeout: … }'],
  ['log.creator', 'it is logger'],
  ['reauthentication.threshold', 'it is kafka: { reauthenticationThreshold: … }'],
  ['socket.factory send.buffer.bytes receive.buffer.bytes', 'it is kafka: { socketFactory: … }'],
  ['default.api.timeout.ms', 'it is kafka: { requestTimeout: … }'],
  ['request.timeout.ms', 'it is kafka: { requestTimeout: … }, or producer.requestTimeout and consumer.requestTimeout'],
  ['admin.*', 'the admin client has the settings of kafka'],
  ['num.stream.threads', 'an instance has one thread: start more instances'],
  ['key.serde', 'did you mean defaultKeySerde?'],
  ['value.serde', 'did you mean defaultValueSerde?'],
  ['cache.max.bytes.buffering', 'did you mean statestoreCacheMaxBytes?'],
  ['rocksdb.config.setter', 'state is in LevelDB: it is stateEngine: levelEngine({ … })'],
  ['topology.optimization', "it is builder.build({ optimization: 'all' })"],
  ['default.dsl.store dsl.store.suppliers.class', "it is new StreamsBuilder({ defaultStoreType: 'in-memory' })"],
  [
    'ensure.explicit.internal.resource.naming',
    'it is new StreamsBuilder({ ensureExplicitInternalResourceNaming: true })',
  ],
  ['errors.dead.letter.queue.topic.name', "it is deadLetterTopic('name') as an exception handler"],
  ['topic.*', "it is topicConfig: { 'min.insync.replicas': '2' }"],
  ['group.id', 'it is applicationId'],
  ['isolation.level transactional.id', 'processingGuarantee decides it'],
  ['enable.idempotence', 'the producer is always idempotent'],
  ['enable.auto.commit auto.commit.interval.ms', 'offsets are committed with the state, each commitInterval'],
  ['max.poll.records', 'it is bufferedRecordsPerPartition'],
  ['retries', 'records are sent again until producer.deliveryTimeout has passed'],
  ['partitioner.*', 'it is an option of to() and repartition()'],
  [
    'key.serializer.* key.deserializer.* value.serializer.* value.deserializer.*',
    'serdes are options of the topology, or defaultKeySerde and defaultValueSerde',
  ],
  // of the clients in Kafka, of the application here
  ['auto.offset.reset', 'it is autoOffsetReset of the configuration itself'],
  ['session.timeout.ms', 'it is sessionTimeout of the configuration itself'],
  ['heartbeat.interval.ms', 'it is heartbeatInterval of the configuration itself'],
  ['max.poll.interval.ms', 'it is maxPollInterval of the configuration itself'],
  ['group.instance.id', 'it is groupInstanceId of the configuration itself'],
  ['metadata.max.age.ms', 'it is metadataMaxAge of the configuration itself'],
  ['transaction.timeout.ms', 'it is transactionTimeout of the configuration itself'],
  [
    'num.standby.replicas max.warmup.replicas acceptable.recovery.lag probing.rebalance.interval.ms ' +
      'rack.aware.assignment.* task.assignor.class group.protocol task.timeout.ms poll.ms state.cleanup.delay.ms ' +
      'log.summary.interval.ms default.list.* upgrade.from processor.wrapper.class default.client.supplier ' +
      'metric.reporters metrics.num.samples metrics.sample.window.ms built.in.metrics.version enable.metrics.push ' +
      'window.size.ms windowed.inner.class.serde client.tag.* client.rack client.dns.lookup allow.os.group.write.access ' +
      'connections.max.idle.ms max.block.ms metadata.max.idle.ms metadata.recovery.* interceptor.classes check.crcs ' +
      'exclude.internal.topics allow.auto.create.topics partition.assignment.strategy group.remote.assignor ' +
      'compression.gzip.level compression.lz4.level compression.zstd.level security.providers config.providers',
    'not supported: drop it',
  ],
]

/** What to do in place of a setting of Kafka's or kafkajs's, written as there or in camelCase; `undefined` if spelling may find it. */
export const javaSettingHint = (key: string): string | undefined => {
  // the settings of one client of several
  const name = key.replace(/^(?:(?:main\.|restore\.|global\.)?consumer|producer)\./, '')
  return SETTINGS.find(([names]) => names.split(' ').some((known) => isSetting(name, known)))?.[1]
}

const isSetting = (name: string, known: string): boolean =>
  known.endsWith('*') ? plain(name).startsWith(plain(known.slice(0, -1))) : plain(name) === plain(known)

const plain = (name: string): string => name.replace(/[._]/g, '').replace(/ms$/i, '').toLowerCase()
