import { resolveConfig, type StreamsConfig } from '../../../lib/config/config'
import { StreamsError } from '../../../lib/errors'

const base: StreamsConfig = { applicationId: 'app', kafka: { brokers: ['localhost:9092'] } }
const KIB = 1024
const MIB = 1024 * KIB

const refusal = (config: object): string => {
  try {
    resolveConfig({ ...base, ...config })
  } catch (error) {
    expect(error).toBeInstanceOf(StreamsError)
    expect((error as StreamsError).code).toBe('INVALID_CONFIG')
    return (error as StreamsError).message
  }
  throw new Error('it was accepted')
}

describe('client settings', () => {
  it("have Kafka's defaults", () => {
    const { producerConfig, fetcherConfig, restoreFetcherConfig, globalFetcherConfig } = resolveConfig(base)
    expect(producerConfig).toEqual({
      transactionTimeoutMs: 10_000,
      compression: 'none',
      lingerMs: 100,
      batchBytes: 16 * KIB,
      maxBufferedBytes: 32 * MIB,
      maxInFlight: 5,
      deliveryTimeoutMs: 120_000,
      maxRequestBytes: MIB,
    })
    expect(fetcherConfig).toEqual({
      isolation: 'read_uncommitted',
      maxBytes: 50 * MIB,
      maxBytesPerPartition: MIB,
      minBytes: 1,
      maxWaitMs: 500,
      maxBufferedBytes: 64 * MIB,
      maxDecompressedBytes: 128 * MIB,
    })
    expect(globalFetcherConfig).toEqual(fetcherConfig)
    expect(restoreFetcherConfig).toEqual({ ...fetcherConfig, isolation: 'read_committed' })
  })

  it('reach the producer', () => {
    const { producerConfig } = resolveConfig({
      ...base,
      transactionTimeout: '1m',
      producer: {
        acks: 'all',
        linger: '5ms',
        batchSize: 64 * KIB,
        compressionType: 'zstd',
        bufferMemory: 8 * MIB,
        maxRequestSize: 4 * MIB,
        requestTimeout: '10s',
        deliveryTimeout: '30s',
        maxInFlightRequestsPerConnection: 1,
      },
    })
    expect(producerConfig).toEqual({
      transactionTimeoutMs: 60_000,
      lingerMs: 5,
      batchBytes: 64 * KIB,
      compression: 'zstd',
      maxBufferedBytes: 8 * MIB,
      maxRequestBytes: 4 * MIB,
      requestTimeoutMs: 10_000,
      deliveryTimeoutMs: 30_000,
      maxInFlight: 1,
    })
  })

  it('of the consumer hold for restore and global tables where those say nothing else', () => {
    const { fetcherConfig, restoreFetcherConfig, globalFetcherConfig } = resolveConfig({
      ...base,
      processingGuarantee: 'exactly_once',
      consumer: {
        fetchMinBytes: 1000,
        fetchMaxWait: '2s',
        requestTimeout: '5s',
        fetchMaxBytes: MIB,
        bufferMemory: MIB,
      },
      restoreConsumer: { maxPartitionFetchBytes: 8 * MIB, fetchMinBytes: 1 },
      globalConsumer: { requestTimeout: '1m', maxDecompressedBytes: MIB },
    })
    expect(fetcherConfig).toMatchObject({
      isolation: 'read_committed',
      minBytes: 1000,
      maxWaitMs: 2000,
      requestTimeoutMs: 5000,
      maxBytes: MIB,
      maxBufferedBytes: MIB,
    })
    expect(restoreFetcherConfig).toEqual({ ...fetcherConfig, maxBytesPerPartition: 8 * MIB, minBytes: 1 })
    expect(globalFetcherConfig).toEqual({ ...fetcherConfig, requestTimeoutMs: 60_000, maxDecompressedBytes: MIB })
  })

  it.each([
    [{ producer: { acks: 1 } }, /^producer\.acks is 1: it can only be 'all', because the producer is idempotent/],
    [{ producer: { acks: 0 }, processingGuarantee: 'exactly_once' }, /^producer\.acks is 0: it can only be 'all'/],
    [{ producer: { compressionType: 'brotli' } }, /^producer\.compressionType is 'brotli': it can be 'none', 'gzip'/],
    [{ producer: { maxInFlightRequestsPerConnection: 6 } }, /^producer\.maxInFlight\w+ is 6: .* from 1 to 5/],
    [{ producer: { maxRequestSize: '4 MB' } }, /^producer\.maxRequestSize is '4 MB': give a whole number/],
    [{ producer: { linger: 'soon' } }, /^producer\.linger is "soon"/],
    [
      { producer: { deliveryTimeout: 50 } },
      /^producer\.deliveryTimeout is 50 ms and producer\.linger 100 ms: .* raise deliveryTimeout or lower linger/,
    ],
    [{ consumer: { fetchMaxWait: '30d' } }, /^consumer\.fetchMaxWait is '30d': give a time from 0 to 2147483647 ms/],
    [{ consumer: { fetchMaxBytes: 2 ** 31 } }, /^consumer\.fetchMaxBytes is 2147483648: .* to 2147483647/],
    [{ restoreConsumer: { fetchMinBytes: -1 } }, /^restoreConsumer\.fetchMinBytes is -1/],
    [{ producer: 'fast' }, /^producer is 'fast': give an object/],
    [{ consumer: [] }, /^consumer is : give an object/],
    [
      { producer: { lingerMs: 5 } },
      /^unknown configuration key: producer\.lingerMs \(did you mean producer\.linger\?\)$/,
    ],
    [{ consumer: { 'fetch.min.bytes': 5 } }, /consumer\.fetch\.min\.bytes \(did you mean consumer\.fetchMinBytes\?\)$/],
    [{ globalConsumer: { wizardry: 5 } }, /^unknown configuration key: globalConsumer\.wizardry$/],
  ])('refuses %j', (config, message) => {
    expect(refusal(config)).toMatch(message)
  })
})
