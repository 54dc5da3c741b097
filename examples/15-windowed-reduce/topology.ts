import { serdes, StreamsBuilder, TimeWindows, type Topology, untilWindowCloses } from 'millrace'

/** In `trending-words`, by word. */
export interface Trend {
  /** The beginning of the thirty seconds, in ISO 8601. */
  from: string
  count: number
}

/**
 * The word counts of the last thirty seconds, every ten seconds: what Spark Streaming's first windowed program does with
 * `pairs.reduceByKeyAndWindow((a, b) => a + b, Seconds(30), Seconds(10))`.
 *
 * Windows are of event time, and results are final: each window of each word comes out once, when it can't change any more. It needs no inverse
 * function, which Spark has for windows that overlap: a record is added to the windows that it is in, and nothing is ever subtracted.
 */
export function trendingWords(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('posts', { key: serdes.string(), value: serdes.string() })
    .flatMapValues((post) => post.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .map<string, number>((word) => [word, 1])
    .groupByKey({ key: serdes.string(), value: serdes.long() })
    .windowedBy(TimeWindows.of({ size: '30s', advance: '10s', grace: '5s' }))
    .reduce((a, b) => a + b, { store: 'words-per-30s', value: serdes.long() })
    .suppress(untilWindowCloses())
    .toStream()
    .map<string, Trend>((count, { key: word, window }) => [word, { from: new Date(window.start).toISOString(), count }])
    .to('trending-words', { key: serdes.string(), value: serdes.json<Trend>() })
  return builder.build()
}
