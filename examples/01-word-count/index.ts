import { run } from '../run'
import { serveHealth } from './health'
import { wordCount } from './topology'

run(wordCount(), 'word-count', (streams) => {
  if (process.env.HEALTH_PORT) serveHealth(streams, Number(process.env.HEALTH_PORT))
})
