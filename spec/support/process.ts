import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname, resolve } from 'node:path'
import { onProcessEnd } from './kafka/watchdog'

export interface AppOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly nodeArgs?: readonly string[]
}

/** A program in a process of its own. Dies with this process. */
export class Program {
  private readonly child: ChildProcess
  private readonly exited: Promise<unknown>
  private text = ''
  private readonly listeners = new Set<() => void>()

  constructor(command: string, args: readonly string[], { env = {}, cwd }: Pick<AppOptions, 'env' | 'cwd'> = {}) {
    this.child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    })
    const callOff = onProcessEnd('kill -9 "$1"', String(this.child.pid))
    this.exited = once(this.child, 'close')
    void this.exited.then(() => {
      callOff()
      this.changed()
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk
        this.changed()
      })
    }
    this.child.stdin?.on('error', () => {}) // a program that has ended doesn't read
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Standard output and error so far, as they came. */
  get output(): string {
    return this.text
  }

  write(text: string): void {
    this.child.stdin?.write(text)
  }

  endInput(): void {
    this.child.stdin?.end()
  }

  /** The first match in the output, past or to come; rejects with the output when the app ends or the time is up. */
  async untilOutput(pattern: RegExp, timeoutMs = 120_000): Promise<RegExpExecArray> {
    let timer: NodeJS.Timeout | undefined
    let check: () => void = () => {}
    try {
      return await new Promise((found, failed) => {
        check = () => {
          const match = pattern.exec(this.text)
          if (match) found(match)
          else if (!this.running) failed(new Error(`the program ended before it printed ${pattern}:\n${this.text}`))
        }
        timer = setTimeout(() => failed(new Error(`no ${pattern} after ${timeoutMs} ms:\n${this.text}`)), timeoutMs)
        this.listeners.add(check)
        check()
      })
    } finally {
      clearTimeout(timer)
      this.listeners.delete(check)
    }
  }

  /** Exit code, or the signal's name, once it has ended and all of its output is here. */
  async end(): Promise<number | NodeJS.Signals> {
    await this.exited
    return this.child.signalCode ?? this.child.exitCode ?? 0
  }

  /** SIGTERM, and waits for the end. */
  stop(): Promise<number | NodeJS.Signals> {
    this.child.kill('SIGTERM')
    return this.end()
  }

  /** SIGKILL, and waits for the end. */
  kill(): Promise<number | NodeJS.Signals> {
    this.child.kill('SIGKILL')
    return this.end()
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener()
  }
}

/** An application of ours, or any file that Node.js runs: TypeScript by tsx. */
export class App extends Program {
  constructor(file: string, { args = [], nodeArgs = [], ...options }: AppOptions = {}) {
    const loader = extname(file) === '.ts' ? ['--require', require.resolve('tsx/cjs')] : []
    super(process.execPath, [...nodeArgs, ...loader, resolve(file), ...args], options)
  }
}
