import { validateName } from './names'

/**
 * The counter behind generated names. Every call of the DSL takes its indices from here in Kafka Streams' order, so
 * that internal topics have the same names: an index is taken even where a given name replaces the generated one.
 */
export class Naming {
  private index = 0
  /** Stores and repartition topics that are named after such an index: another one once operators come or go before them. */
  readonly unnamed = { stores: new Set<string>(), repartitionTopics: new Set<string>() }

  /** A name such as `KSTREAM-MAP-0000000003`, or `given`. */
  node(prefix: string, given?: string): string {
    const generated = `${prefix}${this.next()}`
    return given === undefined ? generated : this.given(given)
  }

  /** A name that takes no index. */
  given(name: string): string {
    return validateName(name, 'the operator name')
  }

  /** For operators made of several nodes: `given` with a suffix that tells them apart. Both have to be valid. */
  suffixedNode(prefix: string, given: string | undefined, suffix: string): string {
    return this.node(prefix, given === undefined ? undefined : this.given(given) + suffix)
  }

  /** A name such as `KSTREAM-AGGREGATE-STATE-STORE-0000000003`. */
  store(prefix: string): string {
    const name = `${prefix}STATE-STORE-${this.next()}`
    this.unnamed.stores.add(name)
    return name
  }

  /** Takes an index that nothing is named after. */
  skip(): void {
    this.index++
  }

  private next(): string {
    return String(this.index++).padStart(10, '0')
  }
}

const REPARTITION_SUFFIX = '-repartition'
const GENERATED = /^KSTREAM.*-[0-9]{10}$/

/** The nodes around a repartition topic, and the topic without the application id. */
export interface RepartitionNames {
  readonly topic: string
  readonly sink: string
  readonly filter: string
  readonly source: string
}

/** `prefix` is the name of the operator or store that needs the topic. */
export function repartitionNames(naming: Naming, prefix: string): RepartitionNames {
  const topic = prefix.endsWith(REPARTITION_SUFFIX) ? prefix : prefix + REPARTITION_SUFFIX
  const generated = {
    sink: naming.node('KSTREAM-SINK-'),
    filter: naming.node('KSTREAM-FILTER-'),
    source: naming.node('KSTREAM-SOURCE-'),
  }
  return GENERATED.test(prefix) ? { topic, ...generated } : { topic, ...repartitionNodesOf(topic) }
}

/** The names of the nodes around a repartition topic that is not named after a generated name. */
export function repartitionNodesOf(topic: string): Omit<RepartitionNames, 'topic'> {
  return { sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
}
