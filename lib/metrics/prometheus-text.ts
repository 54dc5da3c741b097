import type { Metric } from '../observe/metrics/metric'
import { isForPrometheus, prometheusName, withUnderscores } from './prometheus-names'

/** An instance of `KafkaStreams`, or a `TopologyTestDriver`. */
export interface MetricsSource {
  /** What it measures, as it is now. */
  metrics(): readonly Metric[]
}

/** The content type of `prometheusText`. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A part of the text is no longer than this and a line: half a millisecond of the event loop. */
const PART_CHARS = 64 * 1024

/**
 * What an instance measures, in Prometheus' text format, for an endpoint that Prometheus scrapes. `listen` and `createHandler`
 * of `millrace/http` have it under `/metrics`.
 *
 * @example
 * fastify.get('/metrics', (_, reply) => reply.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(streams)))
 */
export const prometheusText = (streams: MetricsSource): string => [...prometheusParts(streams)].join('')

/** The same text in parts: each is made when it is asked for, of values that were read at the first one. */
export function* prometheusParts(streams: MetricsSource): Generator<string> {
  const labels = new LabelTexts()
  let part = ''
  for (const family of familiesOf(streams.metrics())) {
    const { kind, description } = family[0]!
    const name = prometheusName(family[0]!)
    part += `# HELP ${name} ${escapedHelp(description)}\n# TYPE ${name} ${kind === 'counter' ? 'counter' : 'gauge'}\n`
    for (const metric of family) {
      part += `${name}${labels.of(metric)} ${numberText(metric.value)}\n`
      if (part.length < PART_CHARS) continue
      yield part
      part = ''
    }
  }
  if (part !== '') yield part
}

/** Those of one name together, in the order in which the names occur. */
const familiesOf = (metrics: readonly Metric[]): Iterable<readonly Metric[]> => {
  const families = new Map<string, Metric[]>()
  for (const metric of metrics) {
    if (!isForPrometheus(metric)) continue
    const name = prometheusName(metric)
    const family = families.get(name)
    if (family === undefined) families.set(name, [metric])
    else family.push(metric)
  }
  return families.values()
}

/** The labels of metrics. What an instance measures about one task, operator or store has the same tags, as one object. */
class LabelTexts {
  readonly #pairs = new Map<Metric['tags'], string>()
  readonly #names = new Map<string, string>()

  of({ name, tags, value }: Metric): string {
    let pairs = this.#pairs.get(tags)
    if (pairs === undefined) this.#pairs.set(tags, (pairs = this.#pairsOf(tags)))
    // a text is the label of a metric that is always 1
    if (typeof value === 'string') pairs += this.#pair(name, value, pairs)
    return pairs === '' ? '' : `{${pairs}}`
  }

  #pairsOf(tags: Metric['tags']): string {
    let pairs = ''
    for (const tag in tags) pairs += this.#pair(tag, tags[tag]!, pairs)
    return pairs
  }

  #pair(tag: string, value: string, before: string): string {
    let name = this.#names.get(tag)
    if (name === undefined) this.#names.set(tag, (name = withUnderscores(tag)))
    return `${before === '' ? '' : ','}${name}="${escaped(value)}"`
  }
}

const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')

const escaped = (text: string): string => (/["\\\n]/.test(text) ? escapedHelp(text).replaceAll('"', '\\"') : text)

const numberText = (value: number | string): string => {
  if (typeof value === 'string') return '1'
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
}
