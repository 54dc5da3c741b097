import { JoinWindows, serdes, SessionWindows, TimeWindows, untilWindowCloses } from 'millrace'
import { clicks, lines } from '../data'
import type { Workload } from '../workload'

const PER_SECOND = 4000
const WORDS_PER_LINE = 8

/** What a service costs at the load that it has: four jobs in one application, at a fixed rate. */
export const mixedService: Workload = {
  name: 'mixed-service',
  description:
    '4,000 lines, clicks and orders a second each: word count, windows of 10 s, left join within 5 s, sessions',
  records: 1_440_000,
  run: { kind: 'paced', until: 'committed' },
  inputs: (records) => {
    const each = Math.ceil(records / 3)
    return [
      {
        name: 'lines',
        perSecond: PER_SECOND,
        records: () => lines(each * WORDS_PER_LINE, { vocabulary: 500_000 }),
      },
      { name: 'clicks', perSecond: PER_SECOND, records: () => clicks(each, { seed: 3 }) },
      { name: 'orders', perSecond: PER_SECOND, records: () => clicks(each, { seed: 5 }) },
    ]
  },
  settings: { guarantee: 'exactly_once', commitMs: 500 },
  outputs: ['out', 'out-windows', 'out-sessions', 'out-joined'],
  compared: 'table',
  build: (builder, { topic, partitions }) => {
    const texts = { key: serdes.string(), value: serdes.string() }
    builder
      .stream(topic('lines'), texts)
      .flatMapValues((line) => line.split(' '))
      .selectKey((word) => word)
      .repartition({ ...texts, partitions })
      .groupByKey()
      .count('counts')
      .toStream()
      .to(topic('out'), { key: serdes.string(), value: serdes.long() })

    const clicked = builder.stream(topic('clicks'), texts)
    clicked
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: '10s', grace: '1s' }))
      .count('clicks-per-window')
      .suppress(untilWindowCloses())
      .toStream()
      .to(topic('out-windows'), { key: serdes.timeWindowed(serdes.string(), '10s'), value: serdes.long() })
    clicked
      .groupByKey()
      .windowedBy(SessionWindows.of({ inactivityGap: '3s', grace: '1s' }))
      .count('clicks-per-session')
      .toStream()
      .to(topic('out-sessions'), { key: serdes.sessionWindowed(serdes.string()), value: serdes.long() })
    builder
      .stream(topic('orders'), texts)
      .leftJoin(
        clicked,
        (order, click) => `${order}+${click ?? '-'}`,
        JoinWindows.of({ timeDifference: '5s', grace: '1s' }),
        { ...texts, otherValue: serdes.string() },
      )
      .to(topic('out-joined'), texts)
  },
  java: 'MixedService',
}
