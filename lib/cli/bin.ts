#!/usr/bin/env node
import { exitOnBrokenOutput } from './broken-output'
import { canRedraw } from './can-redraw'
import { importModule } from './import-module'
import type { CommandIo } from './io'
import { runCommandLine } from './main'
import type * as Client from '../kafka/client'
import type * as Logger from '../observe/logger'

const INTERRUPTED = 130
/** What a command may take to end cleanly: a replay commits its transaction. */
const GRACE_MS = 5_000

const interrupted = new AbortController()
let endsCleanly = false
const interrupt = (): void => {
  if (!endsCleanly) process.exit(INTERRUPTED)
  interrupted.abort()
  setTimeout(() => process.exit(INTERRUPTED), GRACE_MS).unref()
}
// a second Ctrl+C ends the process at once, as without a listener
process.once('SIGINT', interrupt)
process.once('SIGTERM', interrupt)
exitOnBrokenOutput({ stdout: process.stdout, stderr: process.stderr, exit: (code) => process.exit(code) })

const io: CommandIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: canRedraw(process.stderr, process.env),
  readByPerson: canRedraw(process.stdout, process.env),
  env: process.env,
  cwd: process.cwd(),
  interruption: () => {
    endsCleanly = true
    return interrupted.signal
  },
  now: Date.now,
  connect: (config) => {
    /* eslint-disable @typescript-eslint/no-require-imports -- only by commands that talk to Kafka */
    const { connect } = require('../kafka/client') as typeof Client
    const { silentLogger } = require('../observe/logger') as typeof Logger
    return connect(config, { clientId: 'millrace-cli', logger: silentLogger })
  },
  importModule,
}

void runCommandLine(process.argv.slice(2), io).then((code) => {
  process.exitCode = code
})
