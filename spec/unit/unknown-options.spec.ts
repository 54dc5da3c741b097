import { KafkaStreams, serdes, StreamsBuilder } from '../../lib'
import { EmbeddedKafka } from '../../lib/embedded'
import { csv, ndjson, runOnFiles } from '../../lib/files'
import { createHandler, gracefulShutdown, listen } from '../../lib/http'
import { silentLogger } from '../../lib/observe/logger'

/** In plain JavaScript no compiler sees a misspelt option, and what it was to change would not change. */
describe('an option that there is not, or of the wrong kind, is refused by', () => {
  const kafka = new EmbeddedKafka({ topics: { words: 1 } })
  const builder = new StreamsBuilder()
  builder.stream('words', { key: serdes.string(), value: serdes.string() }).groupByKey().count('counts')
  const topology = builder.build()
  const streams = new KafkaStreams(topology, { applicationId: 'options', kafka, logger: silentLogger })
  const running = new KafkaStreams(topology, { applicationId: 'running', kafka, logger: silentLogger })
  beforeAll(() => running.start())
  afterAll(async () => {
    await running.close()
    await streams.close()
    await kafka.close()
  })

  const call = async (name: string, options: unknown): Promise<unknown> => {
    const given = options as never
    const queries = running.query('counts')
    const calls: Record<string, () => unknown> = {
      start: () => streams.start(given),
      close: () => streams.close(given),
      run: () => streams.run(given),
      health: () => streams.health(given),
      query: () => streams.query('counts', given),
      range: () => queries.range(null, null, given),
      toArray: () => queries.all().toArray(given),
      subscribe: () => running.subscribe('counts', given),
      metadataForKey: () => running.metadataForKey('counts', 'a', undefined, given),
      createHandler: () => createHandler(streams, given),
      listen: () => listen(streams, given),
      gracefulShutdown: () => gracefulShutdown(streams, given),
      ndjson: () => ndjson('words.ndjson', given),
      csv: () => csv('words.csv', given),
      runOnFiles: () => runOnFiles(topology, given),
      'new EmbeddedKafka': () => new EmbeddedKafka(given),
      'EmbeddedKafka.subscribe': () => kafka.subscribe('words', given),
      'EmbeddedKafka.read': () => kafka.read('words', given),
      'EmbeddedKafka.produce': () => kafka.produce('words', [], given),
      'EmbeddedKafka.compact': () => kafka.compact('words', given),
    }
    return calls[name]!()
  }

  it.each<[string, unknown, string]>([
    ['start', { singal: AbortSignal.abort() }, 'no options but signal, and got singal: did you mean signal?'],
    ['start', { signal: 'SIGTERM' }, 'options.signal to be an AbortSignal'],
    ['start', null, 'options to be options (signal), and got null'],
    ['close', { timeOut: '1s' }, 'got timeOut: did you mean timeout?'],
    ['close', { timeout: 'soon' }, 'options.timeout to be milliseconds'],
    ['run', { untill: 'end' }, 'got untill: did you mean until?'],
    ['health', { maxlag: 1 }, 'got maxlag: did you mean maxLag?'],
    ['health', { maxLag: '1' }, 'options.maxLag to be a number of records'],
    ['query', { isolaton: 'committed' }, 'got isolaton: did you mean isolation?'],
    ['query', { isolation: 'dirty' }, "options.isolation to be 'latest' or 'committed', and got 'dirty'"],
    ['query', { atLeast: { words: 41 } }, 'options.atLeast to be offsets by topic and partition'],
    ['query', { peers: { header: {} } }, 'options.peers to have no options but path, headers, tls'],
    ['query', { timeout: -1 }, 'options.timeout to be milliseconds'],
    ['range', { revers: true }, 'got revers: did you mean reverse?'],
    ['toArray', { limt: 1 }, 'got limt: did you mean limit?'],
    ['subscribe', { keys: ['a'] }, 'got keys: did you mean key?'],
    ['subscribe', { maxBufferedBytes: 0 }, 'options.maxBufferedBytes to be a whole number above 0'],
    ['metadataForKey', { partitoner: () => 0 }, 'got partitoner: did you mean partitioner?'],
    ['createHandler', { authorise: () => false }, 'got authorise: did you mean authorize?'],
    ['createHandler', { authorize: 'key' }, 'options.authorize to be a function'],
    ['createHandler', { prefix: 'millrace' }, "options.prefix to be a path, such as '/millrace', and got 'millrace'"],
    ['createHandler', { peers: { haeders: {} } }, 'options.peers to have no options but path, headers, tls'],
    ['createHandler', { health: { maxlag: 1 } }, 'options.health to have no options but maxLag, maxLoopPause'],
    ['createHandler', { maxResults: 0 }, 'options.maxResults to be a whole number above 0'],
    ['listen', { port: 0, hots: '0.0.0.0' }, 'got hots: did you mean host?'],
    ['listen', { port: 0, authorise: () => false }, 'got authorise: did you mean authorize?'],
    ['listen', { port: '8080' }, "options.port to be a TCP port, or 0, and got '8080'"],
    ['listen', {}, 'options.port to be a TCP port'],
    ['gracefulShutdown', { signal: 'SIGTERM' }, 'got signal: did you mean signals?'],
    ['gracefulShutdown', { server: {} }, 'options.server to be a server'],
    ['ndjson', { timestmap: () => 0 }, 'got timestmap: did you mean timestamp?'],
    ['csv', { column: ['a'] }, 'got column: did you mean columns?'],
    ['runOnFiles', { inputs: {}, output: {} }, 'got output: did you mean outputs?'],
    ['runOnFiles', {}, 'options.inputs to be files by the names of their topics, and got undefined'],
    ['new EmbeddedKafka', { topic: { words: 1 } }, 'got topic: did you mean topics?'],
    ['EmbeddedKafka.subscribe', { fom: 'latest' }, 'got fom: did you mean from?'],
    ['EmbeddedKafka.read', { vlaue: serdes.long() }, 'got vlaue: did you mean value?'],
    ['EmbeddedKafka.produce', { vlaue: serdes.long() }, 'got vlaue: did you mean value?'],
    ['EmbeddedKafka.compact', { removeTombstone: true }, 'got removeTombstone: did you mean removeTombstones?'],
  ])('%s(%j)', async (name, options, message) => {
    await expect(call(name, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('and an instance that refused them can still be closed', async () => {
    await expect(streams.close()).resolves.toBe(true)
  })
})
