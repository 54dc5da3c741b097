import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Runs `command` (sh) when this process ends in any way, `kill -9` included: a shell waits at the end of a pipe that
 * only this process holds open. Returns the function that calls it off.
 */
export const onProcessEnd = (command: string, ...args: string[]): (() => void) => {
  const shell: ChildProcess = spawn('sh', ['-c', `read -r _; ${command}`, 'watchdog', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // out of the reach of the terminal's Ctrl-C
  })
  shell.unref()
  ;(shell.stdin as unknown as { unref(): void }).unref()
  shell.stdin?.on('error', () => {})
  return () => void shell.kill('SIGKILL')
}
