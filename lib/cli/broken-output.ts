import { EXIT } from './io'

interface OutputStream {
  write(text: string, done: () => void): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

export interface StandardStreams {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly exit: (code: number) => void
}

/** Ends the process where its output can't be written: quietly if the reader has read enough, as `millrace … | head`. */
export const exitOnBrokenOutput = ({ stdout, stderr, exit }: StandardStreams): void => {
  const endsQuietly = ({ code }: NodeJS.ErrnoException): boolean => {
    if (code === 'EPIPE') exit(EXIT.ok)
    return code === 'EPIPE'
  }
  stdout.on('error', (error) => {
    if (endsQuietly(error)) return
    stderr.write(`millrace: standard output can't be written: ${error.message}\n`, () => exit(EXIT.failed))
  })
  stderr.on('error', (error) => {
    if (!endsQuietly(error)) exit(EXIT.failed)
  })
}
