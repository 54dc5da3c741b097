/** What the examples of doc comments find around them, as code. */
export const COMMON = `
import {
  deadLetterTopic, readCloudEvent, writeCloudEvent, type DeserializationExceptionHandler, failOnInvalidTimestamp, SchemaViolation, type GlobalKTable, JoinWindows, KafkaProducer, KafkaStreams, type RecordProducer, keyValueStore, levelEngine,
  type CogroupedKStream, type KeyValueStore, type KeyValueStoreHandle, type KStream, type KTable, logAndContinue, logAndFail,
  logAndSkipOnInvalidTimestamp, type Logger, memoryEngine, MissingDependency, type Processor, type ProcessorContext, SchemaRegistry, serdes, sessionStore,
  SessionWindows, SlidingWindows, StreamRecord, StreamsBuilder, type StreamsConfig, timestampedKeyValueStore,
  type ReadOnlyWindowStore, type TimestampedKeyValueStore, timestampedWindowStore, TimeWindows, Topology, UnlimitedWindows, untilTimeLimit, untilWindowCloses,
  usePartitionTimeOnInvalidTimestamp, type ValueTransformer, versionedKeyValueStore, wallclockTimestampExtractor, Windowed, windowStore,
} from 'millrace'
import { TestInputTopic, TestOutputTopic, TopologyTestDriver } from 'millrace/testing'
import { kafkaClientContract, type KafkaClientSetup, stateEngineContract, tpKey } from 'millrace/testing/contracts'
import { EmbeddedKafka } from 'millrace/embedded'
import http from 'node:http'
import { createHandler, gracefulShutdown, listen } from 'millrace/http'
import { register } from 'prom-client'
import * as api from '@opentelemetry/api'
import { metrics } from '@opentelemetry/api'
import { observeMetrics, recordTracing } from 'millrace/opentelemetry'
import { PROMETHEUS_CONTENT_TYPE, prometheusText, registerMetrics } from 'millrace/metrics'
import { csv, ndjson, runOnFiles } from 'millrace/files'

interface Order { id: string; customerId: string; amount: number; currency: string; cancelled: boolean; coupon?: string; createdAt: number }
interface Customer { name: string; country: string; active: boolean; blocked: boolean }
interface Click { page: string }
interface Session { pages: number }
interface Profile { clicks: number; spent: number }
interface Rule { text: string }
interface Reading { value: number }

declare const builder: StreamsBuilder
declare const topology: Topology
declare const config: StreamsConfig
declare const streams: KafkaStreams
declare const driver: TopologyTestDriver
declare const producer: KafkaProducer
declare const order: Order
declare const placed: Order[]
declare const kafka: EmbeddedKafka
declare const fastify: { get(path: string, answer: (request: object, reply: { type(type: string): { send(text: string | Promise<string>): void } }) => void): void }
declare const registry: SchemaRegistry
declare const logger: { debug(fields: object): void }
declare const pager: { send(what: unknown, options?: { signal: AbortSignal }): Promise<void> }
declare const listener: () => void
declare const setup: KafkaClientSetup

declare const orders: KStream<string, Order>
declare const all: KStream<string, Order>
declare const webOrders: KStream<string, Order>
declare const shopOrders: KStream<string, Order>
declare const transfers: KStream<string, { from: string; to: string; amount: number }>
declare const lines: KStream<string, string>
declare const words: KStream<string, string>
declare const alerts: KStream<string, string>
declare const pages: KStream<string, { url: string }>
declare const hits: KStream<string, { cookie: string }>
declare const database: { insert(what: { batch: string; rows: readonly Order[] }, options: { signal: AbortSignal }): Promise<void> }
declare const riskOf: (order: Order, options: { signal: AbortSignal }) => Promise<number>
declare const scoresOf: (ids: readonly string[], options: { signal: AbortSignal }) => Promise<number[]>
declare const isInStock: (order: Order, options: { signal: AbortSignal }) => Promise<boolean>
declare const userOf: (cookie: string, options: { signal: AbortSignal }) => Promise<string>
declare const download: (url: string, options: { signal: AbortSignal }) => Promise<string>
declare const linksOf: (html: string) => string[]
declare const clicks: KStream<string, Click>
declare const views: KStream<string, Click>
declare const taps: KStream<string, Click>
declare const impressions: KStream<string, Click>
declare const purchases: KStream<string, { amount: number }>
declare const debits: KStream<string, number>
declare const credits: KStream<string, number>
declare const sales: KStream<string, number>
declare const readings: KStream<string, Reading>
declare const events: KStream<string, { kind: string; userId: string }>
declare const profileChanges: KStream<string, Profile | null>
declare const cogrouped: CogroupedKStream<string, number>

declare const customers: KTable<string, Customer>
declare const addresses: KTable<string, { city: string }>
declare const accounts: KTable<string, { owner: string; balance: number }>
declare const carts: KTable<string, { shop: string; sum: number }>
declare const coupons: KTable<string, { discount: number }>
declare const prices: KTable<string, number>
declare const planned: KTable<string, number>
declare const actual: KTable<string, number>
declare const counts: KTable<string, number>
declare const revenue: KTable<string, number>
declare const perHour: KTable<Windowed<string>, number>
declare const visits: KTable<Windowed<string>, number>
declare const rates: GlobalKTable<string, number>
declare const users: GlobalKTable<string, { country: string }>

declare class Shout implements Processor<string, string> { process(): void }
declare class CountWords implements Processor<string, string> { constructor(store: unknown); process(): void }
declare class RuleParser implements Processor<string, string> { constructor(store: unknown); process(): void }
declare class RatesWriter implements Processor<string, number> { constructor(store: unknown); process(): void }
declare class Sessionizer implements Processor<string, Click, string, Session> { constructor(store?: unknown); process(): void }
declare class Deduplicate implements Processor<string, Click, string, Click> { constructor(store: string); process(): void }
declare class CountChanges implements ValueTransformer<string, number, number> { constructor(store: unknown); transform(): number }
declare const z: any
`

const COUNTS_STORE = 'const counts = null! as KeyValueStoreHandle<string, number, KeyValueStore<string, number>>'
const TABLE_OF_ORDERS = 'const orders = null! as KTable<string, Order>'

const RECORD_IN_PROCESSOR =
  'const record = null! as StreamRecord<string, any>; const context = null! as ProcessorContext<any, any>'

/** What has another meaning there. */
export const BY_FILE: Readonly<Record<string, string>> = {
  'lib/dsl/kstream.ts': 'const counts = null! as KStream<string, number>',
  'lib/dsl/ktable.ts': `${TABLE_OF_ORDERS}; const spend = null! as KTable<Windowed<string>, number>`,
  'lib/record/cloud-events.ts': RECORD_IN_PROCESSOR,
  'lib/record/stream-record.ts': RECORD_IN_PROCESSOR,
  'lib/record/windowed.ts': 'const counts = null! as KTable<Windowed<string>, number>',
  'lib/topology/topology.ts': 'const rates = keyValueStore("rates", { value: serdes.double() })',
  'lib/serdes/registry/schema-registry.ts': 'const orderSchema = { type: "string" } as const',
  'lib/testing/topology-test-driver.ts': COUNTS_STORE,
  'lib/testing/test-topics.ts':
    'const lines = null! as TestInputTopic<string, string>; const counts = null! as TestOutputTopic<string, number>',
}
