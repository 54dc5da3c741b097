import { Buffer as BrowserBuffer } from 'buffer/'

const { prototype } = BrowserBuffer as unknown as { prototype: Record<string, unknown> }
const encoder = new TextEncoder()

// What Node's Buffer has under its own methods, and the library calls at once.
Object.assign(prototype, {
  latin1Slice(this: Buffer, start: number, end: number): string {
    return this.toString('latin1', start, end)
  },
  utf8Slice(this: Buffer, start: number, end: number): string {
    return this.toString('utf8', start, end)
  },
  utf8Write(this: Buffer, text: string, offset: number): number {
    return encoder.encodeInto(text, this.subarray(offset)).written
  },
})

export { BrowserBuffer as Buffer }

export const process = {
  env: {},
  pid: 1,
  version: 'v24.0.0',
  versions: { node: '24.0.0' },
  platform: 'browser',
  emitWarning: (): void => {},
  constrainedMemory: (): number => 0,
  nextTick: (callback: Callback, ...parameters: unknown[]): void => queueMicrotask(() => callback(...parameters)),
}

type Callback = (...parameters: unknown[]) => void

/** A browser's timers are numbers; Node's have methods. */
class Timer {
  constructor(readonly id: unknown) {}

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

const browser = globalThis as unknown as {
  setTimeout(callback: Callback, ms?: number, ...parameters: unknown[]): unknown
  setInterval(callback: Callback, ms?: number, ...parameters: unknown[]): unknown
  clearTimeout(id: unknown): void
}

export const setTimeout = (callback: Callback, ms?: number, ...parameters: unknown[]): Timer =>
  new Timer(browser.setTimeout(callback, ms, ...parameters))

export const setInterval = (callback: Callback, ms?: number, ...parameters: unknown[]): Timer =>
  new Timer(browser.setInterval(callback, ms, ...parameters))

export const setImmediate = (callback: Callback, ...parameters: unknown[]): Timer =>
  setTimeout(callback, 0, ...parameters)

const clear = (timer: Timer | undefined): void => browser.clearTimeout(timer?.id)

export { clear as clearImmediate, clear as clearInterval, clear as clearTimeout }
