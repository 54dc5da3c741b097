import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  serdes,
  type StreamRecord,
} from 'millrace'
import { Random } from '../../differential/random'
import { FIRST_TIMESTAMP } from '../data'
import type { InputRecord, Workload } from '../workload'

const BEST = 10

/** `product,score;product,score …`, the best one first. */
const best = keyValueStore('best', { key: serdes.string(), value: serdes.string() })

/** Keeps the best scores of each category, and forwards them when they change. */
class Ranking implements Processor<string, string, string, string> {
  private context!: ProcessorContext<string, string>
  private store!: KeyValueStore<string, string>

  init(context: ProcessorContext<string, string>): void {
    this.context = context
    this.store = context.stateStore(best)
  }

  process(record: StreamRecord<string, string>): void {
    const known = this.store.get(record.key)
    const ranking = known == null || known === '' ? [] : known.split(';')
    const score = scoreOf(record.value)
    if (ranking.length === BEST && scoreOf(ranking[BEST - 1]!) >= score) return
    let place = ranking.length
    while (place > 0 && scoreOf(ranking[place - 1]!) < score) place--
    ranking.splice(place, 0, record.value)
    if (ranking.length > BEST) ranking.pop()
    const text = ranking.join(';')
    this.store.put(record.key, text)
    this.context.forward(record.withValue(text))
  }
}

const scoreOf = (entry: string): number => Number(entry.slice(entry.indexOf(',') + 1))

function* scores(records: number): Iterable<InputRecord> {
  const random = new Random(7)
  for (let i = 0; i < records; i++) {
    const key = `category-${random.below(100_000)}`
    yield { key, value: `product-${i},${random.below(1_000_000)}`, timestamp: FIRST_TIMESTAMP + i }
  }
}

export const topN: Workload = {
  name: 'top-n',
  description: 'the ten best products of 100,000 categories, by a processor with a store',
  records: 6_000_000,
  run: { kind: 'drain' },
  inputs: (records) => [{ name: 'scores', records: () => scores(records) }],
  compared: 'stream',
  build: (builder, { topic }) => {
    const texts = { key: serdes.string(), value: serdes.string() }
    builder
      .stream(topic('scores'), texts)
      .process(() => new Ranking(), [best])
      .to(topic('out'), texts)
  },
  java: 'TopN',
}
