import { serdes, StreamsBuilder } from 'millrace'

// Lines of text in, the running count of each word out.
const builder = new StreamsBuilder()
builder
  .stream('lines', { key: serdes.string(), value: serdes.string() })
  .flatMapValues((line) => line.toLowerCase().match(/\w+/g) ?? [])
  .groupBy((word) => word)
  .count('counts')
  .toStream()
  .to('word-counts', { key: serdes.string(), value: serdes.long() })

export const topology = builder.build()
