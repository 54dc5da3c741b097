import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { type Trend, trendingWords } from '../../examples/15-windowed-reduce/topology'

test('15-windowed-reduce counts the words of thirty seconds, every ten seconds, once for each window', async () => {
  const driver = new TopologyTestDriver(trendingWords())
  const posts = driver.inputTopic('posts', { key: serdes.string(), value: serdes.string() })
  const post = (seconds: number, text: string): Promise<void> =>
    posts.pipe('ann', text, Date.parse('2026-03-01T12:00:00Z') + seconds * 1000)
  await post(0, 'Rain, rain')
  await post(12, 'sun')
  await post(15, 'rain')
  await post(300, 'later')
  const trends = driver
    .outputTopic('trending-words', { key: serdes.string(), value: serdes.json<Trend>() })
    .readKeyValues()
    .map(([word, trend]) => `${trend!.from.slice(14, 19)} ${word} ${trend!.count}`)
  expect(trends.sort()).toEqual([
    '00:00 rain 3',
    '00:00 sun 1',
    '00:10 rain 1',
    '00:10 sun 1',
    '59:40 rain 2',
    '59:50 rain 3',
    '59:50 sun 1',
  ])
  await driver.close()
})
