import { deadLetterTopic, logAndContinue } from '../../lib/handlers'
import * as serdes from '../../lib/serdes'
import { counted, drive, headers, text } from './drive'

describe('a dead letter', () => {
  it('of a record that cannot be read has its bytes, timestamp, headers, and says what went wrong where', async () => {
    const { driver } = drive((builder) => builder.stream('in', counted).to('out', counted), {
      deserializationExceptionHandler: deadLetterTopic('dead'),
    })
    const bad = {
      topic: 'in',
      key: Buffer.from('b'),
      value: Buffer.from([1, 2, 3]),
      timestamp: 20,
      headers: headers('own'),
    }
    await driver.pipeRaw({ ...bad, value: Buffer.alloc(8) })
    await driver.pipeRaw(bad)
    const [copy, dead] = driver.produced()
    expect(copy!.topic).toBe('out')
    expect(dead).toMatchObject({ topic: 'dead', key: bad.key, value: bad.value, timestamp: 20 })
    expect(dead!.headers.map(([name]) => name)).toEqual([
      'own',
      '__streams.errors.exception',
      '__streams.errors.message',
      '__streams.errors.stacktrace',
      '__streams.errors.topic',
      '__streams.errors.partition',
      '__streams.errors.offset',
    ])
    expect(dead!.headers.slice(4).map(([, value]) => value!.toString())).toEqual(['in', '0', '1'])
    expect(driver.metrics.droppedRecordsTotal).toBe(1)
  })

  it('of an output has the source record too', async () => {
    const { driver, input, out } = drive(
      (builder) => builder.stream('in', text).to('out', { value: serdes.long() as never }),
      { productionExceptionHandler: deadLetterTopic('dead') },
    )
    await input.pipe('k', 'v', 4)
    expect(out('dead')[0]).toMatch(/^k=v@4 __streams/)
    expect(driver.metrics.droppedRecordsTotal).toBe(1)
  })
})

describe('logAndContinue', () => {
  it('drops the element an operator fails on, and keeps what was forwarded', async () => {
    const { driver, input, out } = drive(
      (builder) =>
        builder
          .stream('in', text)
          .flatMapValues((value) => value.split(' '))
          .mapValues((value) => {
            if (value === 'boom') throw new Error('boom!')
            return `${value}!`
          })
          .to('out', text),
      { processingExceptionHandler: logAndContinue() },
    )
    await input.pipe('a', 'x boom y', 1)
    expect(out()).toEqual(['a=x!@1', 'a=y!@1'])
    expect(driver.metrics.droppedRecordsTotal).toBe(1)
  })
})
