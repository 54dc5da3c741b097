import { serdes, StreamsBuilder, TimeWindows, type Topology, untilWindowCloses } from 'millrace'
import { AnomalyDetector, type Anomaly, baselines } from './anomaly-detector'

/** In `requests`, by the service that was asked. */
export interface Request {
  path: string
}

/** Counts each service's requests by minute, and reports minutes that are out of the ordinary. */
export function anomalyDetection(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('requests', {
      key: serdes.string(),
      value: serdes.json<Request>(),
      idleAfter: '2m', // the last minute before an outage is over as well
    })
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '1m', grace: '10s' }))
    .count('requests-per-minute')
    .suppress(untilWindowCloses()) // half a minute's count would always look like too few
    .toStream()
    .processValues<Anomaly>(() => new AnomalyDetector(), { name: 'detector', stores: [baselines] })
    .selectKey((_anomaly, { key: service }) => service)
    .to('anomalies', { key: serdes.string(), value: serdes.json<Anomaly>() })
  return builder.build()
}
