import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { StreamsError } from '../errors'
import type { StoreEvent, StoreSubscription } from '../query/change-types'
import { toJson } from '../query/json-values'
import type { CatalogStore } from '../query/store-catalog'
import { rowJson } from '../query/row-json'
import type { KafkaStreams } from '../runtime/kafka-streams'
import { prepared } from '../serdes/missing-dependency'
import { EVENT_STREAM } from './dashboard/event-stream'
import type { ResolvedHandlerOptions } from './handler-options'
import type { Target } from './request-target'
import { sendText } from './responding'
import { boundedKeyOf } from './store-route'

/** Said where nothing has changed, so that neither end takes the connection for dead. */
const HEARTBEAT_MS = 15_000
/** Then the client connects again, and is authorized again. */
const SUBSCRIPTION_MS = 5 * 60_000
/** A client that reads nothing for longer than this is cut off. */
const PATIENCE_MS = 30_000

export interface ChangesRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Extract<Target, { kind: 'changes' }>
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal
  /** The answer may take as long as it likes. */
  readonly withoutLimit: () => void
}

/** The changes of stores as server-sent events, of the partitions that this instance has. */
export class ChangeStreams {
  #open = 0

  constructor(
    private readonly streams: KafkaStreams,
    private readonly options: ResolvedHandlerOptions,
  ) {}

  async answer({ request, response, target, signal, withoutLimit }: ChangesRequest): Promise<void> {
    const { maxSubscriptions, maxKeyLength } = this.options
    const { queries } = this.streams
    const { format, local, partitions: asked } = target.params
    const store = queries.engine.catalog.get(target.store)
    const bounds = await prepared(() => {
      const texts = Object.entries(target.filter).filter(([, text]) => text !== undefined) as [string, string][]
      return Object.fromEntries(texts.map(([name, text]) => [name, boundedKeyOf(text, store, format, maxKeyLength)]))
    })
    if (queries.draining) throw new StreamsError('STORE_NOT_AVAILABLE', 'this instance is closing: ask another one')
    if (this.#open >= maxSubscriptions) {
      throw new StreamsError('STORE_NOT_AVAILABLE', `${maxSubscriptions} subscriptions are open already: try again`)
    }
    const { key } = bounds as { key?: unknown }
    const ending = new AbortController()
    const end = (): void => ending.abort()
    signal.addEventListener('abort', end, { once: true })
    const timer = setTimeout(end, SUBSCRIPTION_MS).unref()
    this.#open++
    let events: StoreSubscription<unknown, unknown> | undefined
    let stream: ChangeStream | undefined
    try {
      events = await queries.subscribe(store.name, { ...bounds, signal: ending.signal })
      // listens by now, so that it is told of a partition that leaves after this
      const partitions = await queries.engine.partitionsHere(store.name, { key, local, partitions: asked })
      const only = key === undefined ? undefined : partitions[0]
      // it would wait for a body that never comes
      if (request.method === 'HEAD') return sendText(response, 200, EVENT_STREAM, '')
      withoutLimit()
      stream = new ChangeStream(response, signal)
      stream.start(partitions)
      for await (const event of events) {
        if (only !== undefined && event.partition !== only) continue
        await stream.send(event.type, await prepared(() => eventJson(event, store)))
        // the rest of the partitions would look like all of them
        if (event.type === 'gap' && event.reason === 'stopped' && !local) break
      }
      await stream.send('end', '{}')
      response.end()
    } finally {
      this.#open--
      events?.close()
      stream?.close()
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
  }
}

/** Server-sent events to a client, each of which it has to read before the next one is taken. */
class ChangeStream {
  readonly #heartbeat: NodeJS.Timeout

  constructor(
    private readonly response: ServerResponse,
    private readonly signal: AbortSignal,
  ) {
    response.writeHead(200, {
      'content-type': EVENT_STREAM,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // proxies such as nginx would hold events back
      'x-accel-buffering': 'no',
    })
    this.#heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': nothing new\n\n')
    }, HEARTBEAT_MS).unref()
  }

  start(partitions: readonly number[]): void {
    this.response.write(`retry: 1000\nevent: start\ndata: ${toJson({ partitions })}\n\n`)
  }

  async send(event: string, data: string): Promise<void> {
    const { response, signal } = this
    signal.throwIfAborted()
    if (response.write(`event: ${event}\ndata: ${data}\n\n`)) return
    const patience = setTimeout(() => response.destroy(), PATIENCE_MS).unref()
    try {
      await once(response, 'drain', { signal })
    } finally {
      clearTimeout(patience)
    }
  }

  close(): void {
    clearInterval(this.#heartbeat)
  }
}

const eventJson = (event: StoreEvent<unknown, unknown>, store: CatalogStore): string => {
  if (event.type === 'gap') return toJson({ partition: event.partition, reason: event.reason })
  const { key, window, value, timestamp, partition } = event
  return rowJson({ key, ...window, value, timestamp }, store, 'json', { partition })
}
