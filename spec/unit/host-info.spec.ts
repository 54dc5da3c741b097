import { hostText, parseHostInfo } from '../../lib/host-info'

describe('an application server', () => {
  it.each(['localhost:8080', '10.0.0.1:1', 'orders-0.orders.default.svc:65535', '[::1]:9', '[fe80::1]:80'])(
    '%s is read, and written as it was',
    (text) => {
      expect(hostText(parseHostInfo(text)!)).toBe(text)
    },
  )

  it.each([
    '',
    'localhost',
    ':80',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'a b:1',
    '::1:80',
    'a/b:80',
    'a:80/x',
    'u@h:1',
    'h:1\n',
  ])('%j is refused', (text) => {
    expect(parseHostInfo(text)).toBeUndefined()
  })
})
