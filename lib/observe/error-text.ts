/** An error in a log: its name, code and message, and those of its causes, each text once. */

import { types } from 'node:util'

const CAUSES_TO_FOLLOW = 8
const FRAME = /^\s+at /

/** On one line, without stacks. */
export const errorLine = (error: unknown): string =>
  chainOf(error)
    .map(({ error: link, repeats }) => (repeats ? nameOf(link) : headline(link)))
    .join(', caused by ')

/**
 * On several lines: each error of the chain with its stack, without the frames that it shares with the error before it. A cause
 * whose message that error quotes is printed without it.
 */
export const errorLines = (error: unknown): string[] => {
  const lines: string[] = []
  let enclosing: readonly string[] = []
  for (const { error: link, repeats, prefix } of chainOf(error)) {
    lines.push(`${prefix}${repeats ? nameOf(link) : headline(link)}`)
    const frames = framesOf(link)
    const shared = sharedEnd(frames, enclosing)
    lines.push(...frames.slice(0, frames.length - shared))
    if (shared > 0) lines.push(`    ... ${shared} more`)
    enclosing = frames
  }
  return lines
}

interface Link {
  readonly error: unknown
  /** Its message is part of the message of an error before it. */
  readonly repeats: boolean
  readonly prefix: string
}

/** The error, its causes, and the errors of an aggregate; a chain that leads back to itself ends there. */
const chainOf = (first: unknown): Link[] => {
  const links: Link[] = []
  const seen = new Set<unknown>()
  const follow = (error: unknown, told: string, prefix: string): void => {
    if (seen.has(error) || links.length >= CAUSES_TO_FOLLOW) return
    seen.add(error)
    const message = messageOf(error)
    links.push({ error, repeats: isError(error) && message !== '' && told.includes(message), prefix })
    if (!isError(error)) return
    const tellsNow = `${told}\n${message}`
    if (error instanceof AggregateError) for (const one of error.errors as unknown[]) follow(one, tellsNow, 'one of: ')
    if (error.cause !== undefined) follow(error.cause, tellsNow, 'caused by ')
  }
  follow(first, '', '')
  return links
}

/** Also for errors of another realm, as with `node:vm` and test runners. */
export const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value)

const messageOf = (error: unknown): string => (isError(error) ? error.message : plainText(error))

const nameOf = (error: unknown): string => {
  if (!isError(error)) return plainText(error)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? `${error.name} [${code}]` : error.name
}

const headline = (error: unknown): string =>
  isError(error) ? `${nameOf(error)}${error.message === '' ? '' : `: ${error.message}`}` : plainText(error)

const framesOf = (error: unknown): string[] => {
  if (!isError(error) || typeof error.stack !== 'string') return []
  const { stack, message } = error
  // the message comes first in a stack, and may have lines that look like frames
  const start = message === '' ? 0 : Math.max(0, stack.indexOf(message)) + message.length
  return stack
    .slice(start)
    .split('\n')
    .filter((line) => FRAME.test(line))
}

const sharedEnd = (frames: readonly string[], enclosing: readonly string[]): number => {
  let shared = 0
  while (shared < frames.length && frames.at(-1 - shared) === enclosing.at(-1 - shared)) shared++
  return shared
}

/** Any value that a log field may have, or that was thrown. */
export const plainText = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    // a cycle, or a bigint
    return String(value)
  }
}
