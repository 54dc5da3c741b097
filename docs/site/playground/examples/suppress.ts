import { serdes, StreamsBuilder, TimeWindows, untilWindowCloses } from 'millrace'

// One result for each minute, when it is over: later ones would only correct it.
const builder = new StreamsBuilder()
builder
  .stream('temperatures', { key: serdes.string(), value: serdes.double() })
  .groupByKey()
  .windowedBy(TimeWindows.of({ size: '1m', grace: '10s' }))
  .reduce((highest, temperature) => Math.max(highest, temperature), 'highest')
  .suppress(untilWindowCloses())
  .toStream()
  .to('highest-per-minute', { key: serdes.timeWindowed(serdes.string(), '1m'), value: serdes.double() })

export const topology = builder.build()
