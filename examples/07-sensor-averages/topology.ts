import { serdes, StreamsBuilder, TimeWindows, type TimestampExtractor, type Topology } from 'millrace'

/** In `sensor-readings`, by sensor. Sensors out of reach send what they have measured later, so records are out of order. */
export interface Reading {
  celsius: number
  /** When it was measured, in ISO 8601. */
  measuredAt: string
}

/** In `sensor-averages`, by sensor: the average of one minute, again with each reading that is added to it. */
export interface Average {
  /** The beginning of the minute. */
  minute: string
  celsius: number
  readings: number
}

/** The time of a reading is when it was measured, and not when it was sent. A negative time drops the record. */
const measuredAt: TimestampExtractor<string, Reading> = ({ value }) => {
  const time = Date.parse(value?.measuredAt ?? '')
  return Number.isNaN(time) ? -1 : time
}

/**
 * Averages each sensor's readings by minute. A minute takes late readings until any sensor of the partition has measured
 * something thirty seconds after its end; what comes later still is left out.
 */
export function sensorAverages(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('sensor-readings', {
      key: serdes.string(),
      value: serdes.json<Reading>(),
      timestampExtractor: measuredAt,
    })
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '1m', grace: '30s' }))
    .aggregate(
      () => ({ sum: 0, readings: 0 }),
      ({ sum, readings }, { celsius }) => ({ sum: sum + celsius, readings: readings + 1 }),
      { store: 'readings-per-minute', value: serdes.json() },
    )
    .toStream()
    .filter((average) => average !== null)
    .map<string, Average>(({ sum, readings }, { key: sensor, window }) => [
      sensor,
      { minute: new Date(window.start).toISOString(), celsius: sum / readings, readings },
    ])
    .to('sensor-averages', { key: serdes.string(), value: serdes.json<Average>() })
  return builder.build()
}
