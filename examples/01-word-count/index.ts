import { exitOnFailure, run } from '../run'
import { serve } from './serve'
import { wordCount } from './topology'

const { HTTP_PORT, APPLICATION_SERVER } = process.env

run(
  wordCount(),
  'word-count',
  (streams) => {
    if (HTTP_PORT) exitOnFailure(serve(streams, Number(HTTP_PORT)))
  },
  // where the other copies reach this one
  APPLICATION_SERVER ? { applicationServer: APPLICATION_SERVER } : {},
)
