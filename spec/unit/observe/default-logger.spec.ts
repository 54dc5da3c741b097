import { defaultLogger } from '../../../lib/observe/default-logger'
import type { LogFormat } from '../../../lib/observe/log-level'

const writtenTo = (isTTY: boolean, format?: LogFormat, noColor = false): string => {
  let written = ''
  defaultLogger('warn', format, { isTTY, write: (text) => (written += text) }, noColor).warn(
    { topic: 'orders' },
    'late',
  )
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
    expect(writtenTo(true, undefined, true)).toMatch(/^[\d-]+T[\d:.]+Z WARN late topic=orders\n$/)
    expect(writtenTo(false, 'text')).toMatch(/^[\d-]+T[\d:.]+Z WARN late topic=orders\n$/)
  })

  it('writes JSON to a terminal if told to', () => {
    expect(JSON.parse(writtenTo(true, 'json'))).toMatchObject({ msg: 'late' })
  })
})
