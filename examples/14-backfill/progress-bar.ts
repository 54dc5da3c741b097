import type { RunProgress } from 'millrace'

const WIDTH = 40

/** Such as `[##########          ] 50 %  1,000 of 2,000`. */
export function progressBar({ done, total }: RunProgress): string {
  const part = total === 0 ? 1 : done / total
  const bar = '#'.repeat(Math.floor(part * WIDTH)).padEnd(WIDTH)
  return `[${bar}] ${Math.floor(part * 100)} %  ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
}

/** In place on a terminal, line by line elsewhere. */
export function showProgress(progress: RunProgress): void {
  process.stdout.write(process.stdout.isTTY ? `\r${progressBar(progress)}` : `${progressBar(progress)}\n`)
}
