/** A small typed emitter. A listener that throws does not keep the others from being called: `onListenerError` gets its error. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  constructor(private readonly onListenerError: (event: keyof Events, error: unknown) => void) {}

  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): void {
    let listeners = this.#listeners.get(event)
    if (!listeners) this.#listeners.set(event, (listeners = new Set()))
    listeners.add(listener)
  }

  off<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): void {
    this.#listeners.get(event)?.delete(listener)
  }

  once<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): void {
    const wrapper = (payload: Events[E]): void => {
      this.off(event, wrapper)
      listener(payload)
    }
    this.on(event, wrapper)
  }

  /** False if nobody listens. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): boolean {
    const listeners = [...(this.#listeners.get(event) ?? [])]
    for (const listener of listeners) {
      try {
        ;(listener as (event: Events[E]) => void)(payload)
      } catch (error) {
        this.onListenerError(event, error)
      }
    }
    return listeners.length > 0
  }
}
