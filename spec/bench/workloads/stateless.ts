import { serdes } from 'millrace'
import { updates } from '../data'
import type { Workload } from '../workload'

const texts = { key: serdes.string(), value: serdes.string() }

export const stateless: Workload = {
  name: 'stateless',
  description: 'filter and mapValues of 100-byte texts',
  records: 16_000_000,
  run: { kind: 'drain' },
  inputs: (records) => [{ name: 'texts', records: () => updates(records, { keys: 100_000 }) }],
  compared: 'stream',
  build: (builder, { topic }) =>
    builder
      .stream(topic('texts'), texts)
      .filter((text) => text.charCodeAt(0) !== 97)
      .mapValues((text) => text.slice(1) + text[0])
      .to(topic('out'), texts),
  java: 'Stateless',
}
