import { listen } from 'millrace/http'
import { exitOnFailure, run } from '../run'
import { summary } from './summary'
import { countCheckouts } from './topology'

/** Each copy on a machine has a port of its own. */
const port = Number(process.env.METRICS_PORT ?? 9464)

run(
  countCheckouts(),
  'metrics',
  (streams) => {
    exitOnFailure(listen(streams, { port }).then((server) => void streams.closed.finally(() => server.close())))
    const timer = setInterval(() => console.log(summary(streams.metrics())), 10_000)
    void streams.closed.catch(() => {}).finally(() => clearInterval(timer))
  },
  { metricsRecordingLevel: 'debug' },
)
