import { serdes } from 'millrace'
import { prometheusText } from 'millrace/metrics'
import { TopologyTestDriver } from 'millrace/testing'
import { summary } from '../../examples/13-metrics/summary'
import { type Checkout, countCheckouts } from '../../examples/13-metrics/topology'

test('13-metrics counts checkouts, and measures it', async () => {
  await using driver = new TopologyTestDriver(countCheckouts(), { initialWallClockTime: 10_000 })
  const checkouts = driver.inputTopic('checkouts', { key: serdes.string(), value: serdes.json<Checkout>() })
  for (const shop of ['lisbon', 'porto', 'lisbon'])
    await checkouts.pipe('id', { shop, seconds: 5 }, { timestamp: 4000 })
  const counts = driver.outputTopic('shop-checkouts', { key: serdes.string(), value: serdes.long() })
  expect(counts.readKeyValuesToMap()).toEqual(
    new Map([
      ['lisbon', 2],
      ['porto', 1],
    ]),
  )
  expect(summary(driver.metrics())).toContain('0 behind, 0 to restore, 6000 ms old at most')
  expect(prometheusText(driver)).toMatch(
    /^kafka_streams_stream_topic_metrics_records_consumed_total\{.+processor_node_id="checkouts",topic="checkouts"\} 3$/m,
  )
})
