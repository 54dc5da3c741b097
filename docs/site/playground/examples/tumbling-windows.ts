import { serdes, StreamsBuilder, TimeWindows } from 'millrace'

interface Click {
  page: string
}

// Clicks of each user in each minute. A record that is later than the grace period is dropped.
const builder = new StreamsBuilder()
builder
  .stream('clicks', { key: serdes.string(), value: serdes.json<Click>() })
  .groupByKey()
  .windowedBy(TimeWindows.of({ size: '1m', grace: '10s' }))
  .count('clicks-per-minute')
  .toStream()
  .to('clicks-per-user', { key: serdes.timeWindowed(serdes.string(), '1m'), value: serdes.long() })

export const topology = builder.build()
