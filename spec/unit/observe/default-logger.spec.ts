import { defaultLogger } from '../../../lib/observe/default-logger'
import type { LogFormat } from '../../../lib/observe/log-level'

const writtenTo = (isTTY: boolean, format?: LogFormat, env: NodeJS.ProcessEnv = {}): string => {
  let written = ''
  defaultLogger('warn', format, { isTTY, write: (text) => (written += text) }, env).warn({ topic: 'orders' }, 'late')
  return written
}

describe('the default logger', () => {
  it('writes JSON where no terminal is', () => {
    expect(JSON.parse(writtenTo(false))).toMatchObject({ level: 40, topic: 'orders', msg: 'late' })
  })

  it('writes coloured text to a terminal', () => {
    expect(writtenTo(true)).toContain('\u001b[33mWARN \u001b[0m late')
  })

  it('writes text without colours where they are unwanted, or would end up in a file', () => {
    const plain = /^[\d-]+T[\d:.]+Z WARN late topic=orders\n$/
    for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '0' }, { TERM: 'dumb' }]) {
      expect(writtenTo(true, undefined, env)).toMatch(plain)
    }
    expect(writtenTo(true, undefined, { NO_COLOR: '' })).toContain('\u001b[33m')
    expect(writtenTo(false, 'text')).toMatch(plain)
  })

  it('writes text in colours wherever FORCE_COLOR asks for them', () => {
    for (const FORCE_COLOR of ['', '1', '3', 'true']) {
      expect(writtenTo(false, 'text', { FORCE_COLOR, NO_COLOR: '1' })).toContain('\u001b[33mWARN \u001b[0m late')
    }
    expect(JSON.parse(writtenTo(false, undefined, { FORCE_COLOR: '1' }))).toMatchObject({ msg: 'late' })
  })

  it('writes JSON to a terminal if told to', () => {
    expect(JSON.parse(writtenTo(true, 'json'))).toMatchObject({ msg: 'late' })
  })
})
