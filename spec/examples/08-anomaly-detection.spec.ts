import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import type { Anomaly } from '../../examples/08-anomaly-detection/anomaly-detector'
import { anomalyDetection, type Request } from '../../examples/08-anomaly-detection/topology'

const minute = (index: number): number => Date.UTC(2026, 2, 1, 12, index)

let driver: TopologyTestDriver
beforeEach(() => {
  driver = new TopologyTestDriver(anomalyDetection())
})
afterEach(() => driver.close())

/** That many requests in each minute, from the first one on. */
const ask = async (service: string, ...requests: number[]): Promise<void> => {
  const topic = driver.inputTopic('requests', { key: serdes.string(), value: serdes.json<Request>() })
  for (const [index, count] of requests.entries()) {
    for (let i = 0; i < count; i++) await topic.pipe(service, { path: '/' }, minute(index) + i)
  }
}
const anomalies = (): unknown[] =>
  driver.outputTopic('anomalies', { key: serdes.string(), value: serdes.json<Anomaly>() }).readKeyValues()

test('08-anomaly-detection reports a minute that is out of the ordinary, once it is over', async () => {
  await ask('login', 10, 11, 10, 9, 10, 10, 60)
  expect(anomalies()).toEqual([])
  await ask('login', 0, 0, 0, 0, 0, 0, 0, 1) // the minute is over, its grace is not
  expect(anomalies()).toEqual([])
  await ask('login', 0, 0, 0, 0, 0, 0, 0, 0, 1)
  expect(anomalies()).toEqual([['login', { minute: new Date(minute(6)).toISOString(), requests: 60, expected: 10 }]])
})

test('08-anomaly-detection reports the last minute before an outage', async () => {
  await ask('login', 10, 11, 10, 9, 10, 10, 60)
  await driver.advanceWallClockTime('1m')
  expect(anomalies()).toEqual([])
  await driver.advanceWallClockTime('1m')
  expect(anomalies()).toEqual([['login', { minute: new Date(minute(6)).toISOString(), requests: 60, expected: 10 }]])
})

test('08-anomaly-detection is used to what a service does, and says nothing before it knows', async () => {
  await ask('batch', 1, 50, 2, 40, 1, 45, 60, 1, 1)
  expect(anomalies()).toEqual([])
})
