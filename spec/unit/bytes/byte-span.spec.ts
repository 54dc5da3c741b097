import { copyOfSpan, newByteSpan, setSpan } from '../../../lib/bytes/byte-span'

test('a span is a part of a buffer, which can be copied', () => {
  const span = newByteSpan()
  expect(copyOfSpan(span)).toHaveLength(0)
  const bytes = Buffer.from('--value--')
  setSpan(span, bytes, 2, 7)
  const [all, rest] = [copyOfSpan(span), copyOfSpan(span, 3)]
  bytes.fill('x')
  expect([all.toString(), rest.toString()]).toEqual(['value', 'ue'])
})
