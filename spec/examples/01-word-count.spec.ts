import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { wordCount } from '../../examples/01-word-count/topology'

test('01-word-count counts words, whatever their case and punctuation', async () => {
  const driver = new TopologyTestDriver(wordCount())
  const lines = driver.inputTopic('lines', { key: serdes.string(), value: serdes.string() })
  const counts = driver.outputTopic('word-counts', { key: serdes.string(), value: serdes.long() })
  await lines.pipe(null, 'To be, or not to be:')
  await lines.pipe(null, "that's the question! ¿Qué?")
  await lines.pipe(null, '')
  expect(Object.fromEntries(counts.readKeyValuesToMap())).toEqual({
    to: 2,
    be: 2,
    or: 1,
    not: 1,
    "that's": 1,
    the: 1,
    question: 1,
    qué: 1,
  })
  await driver.close()
})
