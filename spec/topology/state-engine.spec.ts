import { memoryEngine, serdes, StreamsBuilder, type OpenDatabaseOptions, type StateEngine } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'

/** `memoryEngine()`, telling what it is asked to open. */
const observed = (opened: OpenDatabaseOptions[]): StateEngine => ({
  ...memoryEngine(),
  open(options) {
    opened.push(options)
    return memoryEngine().open(options)
  },
})

const topology = () => {
  const builder = new StreamsBuilder()
  const strings = { key: serdes.string(), value: serdes.string() }
  const names = builder.globalTable('names', strings, { store: 'names-store' })
  const words = builder.stream('words', strings)
  words.groupByKey().count({ store: 'counts' }).toStream().to('counts', { value: serdes.double() })
  words
    .join(
      names,
      (_word, key) => key,
      (word, name) => `${word} ${name}`,
    )
    .to('named', { value: serdes.string() })
  return builder.build()
}

test('the persistent stores of tasks and of global tables are in the engine of the configuration', async () => {
  const opened: OpenDatabaseOptions[] = []
  const driver = new TopologyTestDriver(topology(), { stateEngine: observed(opened), applicationId: 'app' })
  await driver.inputTopic('names', { key: serdes.string(), value: serdes.string() }).pipe('a', 'Ada')
  const words = driver.inputTopic('words', { key: serdes.string(), value: serdes.string() })
  await words.pipe('a', 'x')
  await words.pipe('a', 'y')
  const counts = driver.outputTopic('counts', { key: serdes.string(), value: serdes.double() })
  expect(counts.readKeyValues()).toEqual([
    ['a', 1],
    ['a', 2],
  ])
  const named = driver.outputTopic('named', { key: serdes.string(), value: serdes.string() })
  expect(named.readKeyValues()).toEqual([
    ['a', 'x Ada'],
    ['a', 'y Ada'],
  ])
  await driver.close()
  expect(opened.map(({ stores }) => stores)).toEqual([
    [{ name: 'names-store', logged: true }],
    [{ name: 'counts', logged: true }],
  ])
})
