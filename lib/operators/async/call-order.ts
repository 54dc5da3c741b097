import type { ByteString } from '../../bytes/byte-string'
import type { CallOrderKind } from './async-settings'
import { Fifo } from '../../collections/fifo'

/** A call, as far as its order is concerned. */
export interface OrderedCall {
  /** Equal for equal keys; `null` without a key. */
  readonly keyBytes: ByteString | null
  readonly hasEnded: boolean
  readonly hasFailed: boolean
}

/** Decides which call starts next, and whose result is forwarded next. */
export interface CallOrder<C extends OrderedCall> {
  add(call: C): void
  /** Removes the next call to start; undefined if none may. */
  start(): C | undefined
  ended(call: C): void
  readonly hasResult: boolean
  /** Removes the call whose result is next; only if `hasResult`. */
  takeResult(): C
  /** Its result is forwarded, or its error dealt with. */
  settled(call: C): void
}

export const callOrder = <C extends OrderedCall>(kind: CallOrderKind): CallOrder<C> => {
  switch (kind) {
    case 'key':
      return new KeyOrder()
    case 'input':
      return new InputOrder()
    case 'none':
      return new CompletionOrder()
  }
}

/** All calls side by side; results as they come. */
class CompletionOrder<C extends OrderedCall> implements CallOrder<C> {
  readonly #startable = new Fifo<C>()
  readonly #results = new Fifo<C>()

  get hasResult(): boolean {
    return this.#results.size > 0
  }

  add(call: C): void {
    this.#startable.push(call)
  }

  start(): C | undefined {
    return this.#startable.shift()
  }

  ended(call: C): void {
    this.#results.push(call)
  }

  takeResult(): C {
    return this.#results.shift()!
  }

  settled(_call: C): void {}
}

/** All calls side by side; results in the order of the inputs. */
class InputOrder<C extends OrderedCall> implements CallOrder<C> {
  readonly #startable = new Fifo<C>()
  readonly #inputs = new Fifo<C>()

  get hasResult(): boolean {
    return this.#inputs.first?.hasEnded === true
  }

  add(call: C): void {
    this.#startable.push(call)
    this.#inputs.push(call)
  }

  start(): C | undefined {
    return this.#startable.shift()
  }

  ended(_call: C): void {}

  takeResult(): C {
    return this.#inputs.shift()!
  }

  settled(_call: C): void {}
}

/**
 * The calls of a key one after another, and those of different keys, and without a key, side by side. After a failure the next
 * call of the key waits until the error is dealt with.
 */
class KeyOrder<C extends OrderedCall> extends CompletionOrder<C> {
  /** By keys with a call that is startable or runs: the calls behind it. */
  readonly #behind = new Map<ByteString, Fifo<C>>()

  override add(call: C): void {
    const { keyBytes } = call
    if (keyBytes === null) return super.add(call)
    const behind = this.#behind.get(keyBytes)
    if (behind !== undefined) {
      behind.push(call)
      return
    }
    this.#behind.set(keyBytes, new Fifo())
    super.add(call)
  }

  override ended(call: C): void {
    super.ended(call)
    if (!call.hasFailed) this.#release(call)
  }

  override settled(call: C): void {
    if (call.hasFailed) this.#release(call)
  }

  #release({ keyBytes }: C): void {
    if (keyBytes === null) return
    const next = this.#behind.get(keyBytes)!.shift()
    if (next === undefined) this.#behind.delete(keyBytes)
    else super.add(next)
  }
}
