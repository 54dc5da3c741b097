import { StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import { notAuthorized } from '../failure/not-authorized'
import { asError, TaskFailure } from '../failure/task-failure'
import { adviceFor } from '../failure/streams-error'
import { isAuthorization, unsendable } from './production-errors'
import type { OutputRecord } from './output-record'
import { locationOf } from './sending-task'

/** A record that is sent later. */
export interface DeferredRecord {
  readonly send: () => void
  /** What to ask a handler about, or name, where its topic does not exist or the producer does not take it; undefined for what comes from no sink. */
  readonly sent: OutputRecord | undefined
}

/** Asks the handler of a record about it. Throws where that says `fail`, or there is none. */
export type AskAbout = (sent: OutputRecord, describe: (sent: OutputRecord) => StreamsError) => void

/**
 * What a collector can not hand to its producer at once: records of a topic, or of a serde, that are not known yet, and those of the next transaction.
 * They are sent in order. What fails then is nobody's call: the failure is kept for the next one.
 */
export class DeferredRecords {
  /**
   * Topics that the producer or a serde has not seen yet (their names came from a `TopicNameExtractor`), with the records
   * that wait for them.
   */
  readonly parked = new Map<string, DeferredRecord[]>()
  /** Of a transaction that takes no more records: what is sent until then waits for it. */
  end: Promise<void> | undefined
  failure: TaskFailure | undefined
  private readonly loading = new Set<Promise<void>>()
  /** Dead letters about records that the broker has refused, which wait for their topic. */
  private readonly lateLetters = new Set<Promise<void>>()
  private abandoned = false

  /** `load` may wait for a topic that does not exist yet. */
  constructor(
    private readonly load: (topic: string) => Promise<void>,
    private readonly askAbout: AskAbout,
  ) {}

  get isEmpty(): boolean {
    return this.loading.size === 0
  }

  get hasLateLetters(): boolean {
    return this.lateLetters.size > 0
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    while (this.loading.size > 0) await Promise.all(this.loading)
    this.throwFailure()
  }

  async lateLettersSent(): Promise<void> {
    await Promise.all(this.lateLetters)
  }

  throwFailure(): void {
    if (this.failure) throw this.failure.error
  }

  /** Keeps the first failure. */
  fail(error: unknown): void {
    if (this.abandoned) return
    this.failure ??= error instanceof TaskFailure ? error : new TaskFailure(error)
  }

  /** A failure is nobody's any more. */
  abandon(): void {
    this.abandoned = true
    this.failure = undefined
  }

  /** Until the returned function is called, records wait. */
  withhold(): () => void {
    let release!: () => void
    this.end = new Promise((resolve) => (release = resolve))
    return () => {
      this.end = undefined
      release()
    }
  }

  /** Queues a record behind others of its topic. The first one says what they wait for; default: that their topic exists. */
  park(topic: string, record: DeferredRecord, ready = (): Promise<void> => this.loadTopic(topic)): void {
    if (this.failure) throw this.failure
    const waiting = this.parked.get(topic)
    if (waiting) {
      waiting.push(record)
      return
    }
    this.parked.set(topic, [record])
    const loading: Promise<void> = this.release(topic, ready).finally(() => this.loading.delete(loading))
    this.loading.add(loading)
  }

  /** Ahead of what is withheld or waits for the topic since before. */
  sendLetterLater(topic: string, send: () => void): void {
    const letter: Promise<void> = this.loadTopic(topic)
      .then(send)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.lateLetters.delete(letter)
        this.loading.delete(letter)
      })
    this.lateLetters.add(letter)
    this.loading.add(letter)
  }

  private async release(topic: string, ready: () => Promise<void>): Promise<void> {
    try {
      await ready()
      const waiting = this.parked.get(topic) ?? []
      this.parked.delete(topic)
      for (const record of waiting) this.sendNow(record)
    } catch (error) {
      try {
        this.giveUp(topic, error)
      } catch (failure) {
        this.fail(failure)
      }
    }
  }

  private sendNow({ send, sent }: DeferredRecord): void {
    try {
      send()
    } catch (error) {
      if (sent === undefined || !(error instanceof ClientError) || error.kind !== 'invalid') throw error
      this.askAbout(sent, ({ sink, topic, task }) => unsendable(sink, topic, task, error))
    }
  }

  /** A topic that does not exist is a matter of the handler, if there is one, for each record that waits for it; throws unless it drops all of them. */
  private giveUp(topic: string, error: unknown): void {
    const waiting = isMissingTopic(error) ? (this.parked.get(topic) ?? []) : []
    if (waiting.length === 0 || waiting.some(({ sent }) => !sent?.hasHandler)) throw error
    this.parked.delete(topic)
    const { message, cause } = asError(error)
    for (const { sent } of waiting) {
      this.askAbout(
        sent!,
        ({ sink, task }) => new StreamsError('PRODUCTION_FAILED', message, locationOf(sink.name, task), { cause }),
      )
    }
  }

  private async loadTopic(topic: string): Promise<void> {
    try {
      await this.load(topic)
    } catch (error) {
      if (error instanceof TaskFailure) throw error
      if (isAuthorization(error)) throw notAuthorized(error, {}, { topic, operation: 'Write' })
      const advice = error instanceof ClientError ? adviceFor(error) : undefined
      throw new StreamsError(
        'PRODUCTION_FAILED',
        `records for topic "${topic}" can't be sent: ${asError(error).message}. ` +
          (advice ?? 'Output topics are not created by the application: create it first'),
        { topic },
        { cause: error },
      )
    }
  }
}

const isMissingTopic = (error: unknown): boolean =>
  error instanceof StreamsError && error.cause instanceof ClientError && error.cause.kind === 'unknownTopic'
