import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { CODE_FOLDER } from '../../package-folders'

/** The page is served as it is written. */
const PAGE = join(CODE_FOLDER, 'http/dashboard/page')

/** The files of the page, by what follows `/dashboard`. */
const FILES = {
  '': { file: 'dashboard.html', type: 'text/html; charset=utf-8' },
  'page.css': { file: 'dashboard.css', type: 'text/css; charset=utf-8' },
  'page.js': { file: 'dashboard.js', type: 'text/javascript; charset=utf-8' },
} as const

export type PageFile = keyof typeof FILES

export const isPageFile = (name: string): name is PageFile => Object.hasOwn(FILES, name)

/** Nothing but the page's own files runs in it, whatever a name or a value says, and it sends nothing elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const sendPageFile = async (response: ServerResponse, name: PageFile): Promise<void> => {
  const { file, type } = FILES[name]
  const bytes = await readFile(join(PAGE, file))
  response.writeHead(200, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-cache',
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  response.end(bytes)
}
