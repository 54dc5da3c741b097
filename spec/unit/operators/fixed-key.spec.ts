import { FixedKeyOperator } from '../../../lib/operators/fixed-key'
import type { ProcessorContext } from '../../../lib/operators/processor'
import { StreamRecord } from '../../../lib/record/stream-record'

type Context = ProcessorContext<string, string>

const start = (process: (record: StreamRecord<string, string>, context: Context) => void) => {
  const forwarded: StreamRecord<string, string>[] = []
  const metadata = { topic: 'in', partition: 0, offset: 0 }
  const outer = {
    applicationId: 'app',
    taskId: '0_0',
    recordMetadata: () => current,
    forward: (record: StreamRecord<string, string>) => void forwarded.push(record),
  } as unknown as Context
  let current: typeof metadata | undefined = metadata
  let inner!: Context
  const operator = new FixedKeyOperator<string, string, string>(
    { init: (context) => void (inner = context), process: (record) => process(record, inner) },
    'KSTREAM-PROCESSVALUES-0000000001',
  )
  operator.init(outer)
  return { operator, forwarded, inner, punctuate: (run: () => void) => void ((current = undefined), run()) }
}

const record = new StreamRecord('a', 'x', 5)

test('forwards new values, times and headers', () => {
  const { operator, forwarded } = start((got, context) => {
    context.forward(got.withValue('y'))
    context.forward(got.withTimestamp(9))
  })
  void operator.process(record)
  expect(forwarded).toEqual([record.withValue('y'), record.withTimestamp(9)])
})

test('refuses another key, naming the operator', () => {
  const { operator } = start((got, context) => context.forward(got.withKey('b')))
  expect(() => operator.process(record)).toThrow(
    expect.objectContaining({
      code: 'PROCESSING_FAILED',
      message: expect.stringMatching(/KSTREAM-PROCESSVALUES-0000000001 .*Use process/),
    }),
  )
})

test('lets a punctuation forward what was kept', () => {
  const { operator, forwarded, inner, punctuate } = start(() => undefined)
  void operator.process(record)
  punctuate(() => inner.forward(record.withKey('kept')))
  expect(forwarded).toEqual([record.withKey('kept')])
})
