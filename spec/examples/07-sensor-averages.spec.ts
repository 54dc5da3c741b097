import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { type Average, type Reading, sensorAverages } from '../../examples/07-sensor-averages/topology'

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(sensorAverages())
})
afterEach(() => driver.close())

/** A reading of 12:`time`, sent in no order. */
const measure = async (sensor: string, time: string, celsius: number): Promise<void> => {
  const readings = driver.inputTopic('sensor-readings', { key: serdes.string(), value: serdes.json<Reading>() })
  await readings.pipe(sensor, { celsius, measuredAt: `2026-03-01T12:${time}Z` })
}
const averages = (): unknown[] =>
  driver
    .outputTopic('sensor-averages', { key: serdes.string(), value: serdes.json<Average>() })
    .readKeyValues()
    .map(([sensor, average]) => [sensor, average!.minute.slice(14, 16), average!.celsius, average!.readings])

test('07-sensor-averages averages each minute of each sensor', async () => {
  await measure('roof', '00:05', 20)
  await measure('roof', '00:59', 21)
  await measure('cellar', '01:00', 8)
  await measure('roof', '01:01', 22)
  expect(averages()).toEqual([
    ['roof', '00', 20, 1],
    ['roof', '00', 20.5, 2],
    ['cellar', '01', 8, 1],
    ['roof', '01', 22, 1],
  ])
})

test('07-sensor-averages corrects a minute by what comes up to thirty seconds late, and leaves out what comes later', async () => {
  await measure('roof', '00:05', 20)
  await measure('roof', '01:29', 22)
  await measure('roof', '00:58', 30)
  await measure('roof', '01:30', 22)
  await measure('roof', '00:59', 99)
  expect(averages()).toEqual([
    ['roof', '00', 20, 1],
    ['roof', '01', 22, 1],
    ['roof', '00', 25, 2],
    ['roof', '01', 22, 2],
  ])
})

test('07-sensor-averages leaves out readings without a time', async () => {
  await measure('roof', 'never', 20)
  await measure('roof', '00:05', 20)
  expect(averages()).toEqual([['roof', '00', 20, 1]])
})
