import { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import { type KGroupedTable } from '../../lib/dsl/kgrouped-table'
import { KStream } from '../../lib/dsl/kstream'
import { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { Optimization } from '../../lib/topology/optimize/optimize'
import * as serdes from '../../lib/serdes'
import { keyValueStore } from '../../lib/state/stores'
import type { Topology } from '../../lib/topology/topology'

type Stream = KStream<string, string>
type Table = KTable<string, string>
type Value = Stream | Table | KGroupedStream<string, string> | KGroupedTable<string, string>

/**
 * Runs DSL calls written as words: `map 3 nm7` is `map`, named `nm7`, on the fourth value that a call has given.
 * `-` is no name or no `Materialized`, `w` a `Materialized` without a name, `s:x` the store `x`.
 */
export const runDslProgram = (calls: readonly string[]): Topology => {
  const builder = new StreamsBuilder()
  const values: Value[] = []
  let optimization: 'none' | 'all' | Optimization[] = 'none'
  for (const call of calls) {
    const [verb = '', first = '', name = '-', ...rest] = call.split(' ')
    switch (verb) {
      case 'opt':
        optimization = first === 'none' || first === 'all' ? first : [first as Optimization]
        break
      case 'store':
        builder.addStateStore(keyValueStore(first))
        break
      case 'stream':
        values.push(builder.stream(first.split(','), named(name)))
        break
      case 'pattern':
        values.push(builder.stream(new RegExp(first)))
        break
      case 'table':
        values.push(builder.table(first, named(name), materialized(rest[0])))
        break
      default: {
        const on = values[Number(first)]!
        values.push(
          ...(on instanceof KStream ? streamCall(on, verb, name, rest, values) : [tableCall(on, verb, name, rest)]),
        )
      }
    }
  }
  return builder.build({ optimization })
}

const named = (name: string): { name?: string } => (name === '-' ? {} : { name })

const materialized = (text = '-'): { store?: string; key?: ReturnType<typeof serdes.string> } => {
  if (text === '-') return {}
  return text === 'w' ? { key: serdes.string() } : { store: text.slice(2) }
}

const value = (text: string): string => text

const streamCall = (
  stream: Stream,
  verb: string,
  name: string,
  rest: readonly string[],
  values: readonly Value[],
): Value[] => {
  const options = named(name)
  switch (verb) {
    case 'filter':
      return [stream.filter(() => true, options)]
    case 'filterNot':
      return [stream.filterNot(() => true, options)]
    case 'map':
      return [stream.map((text, key) => [key, text], options)]
    case 'mapValues':
      return [stream.mapValues(value, options)]
    case 'flatMap':
      return [stream.flatMap((text, key) => [[key, text] as const], options)]
    case 'flatMapValues':
      return [stream.flatMapValues((text) => [text], options)]
    case 'selectKey':
      return [stream.selectKey(value, options)]
    case 'peek':
      return [stream.peek(() => undefined, options)]
    case 'merge':
      return [stream.merge(values[Number(rest[0])] as Stream, options)]
    case 'repartition':
      return [stream.repartition({ ...options, partitions: rest[0] === '-' ? undefined : Number(rest[0]) })]
    case 'groupBy':
      return [stream.groupBy(value, options)]
    case 'groupByKey':
      return [stream.groupByKey(options)]
    case 'toTable':
      return [stream.toTable({ ...options, ...materialized(rest[0]) })]
    case 'process':
    case 'processValues': {
      const stores = rest[0] === '-' ? [] : rest[0]!.split(',')
      const supplier = () => ({ process: () => undefined })
      if (verb === 'process') return [stream.process<string, string>(supplier, { ...options, stores })]
      return [stream.processValues<string>(supplier, { ...options, stores })]
    }
    case 'split': {
      let split = stream.split(options)
      for (const branch of rest.slice(0, -1)) split = split.branch(() => true, named(branch))
      const last = rest.at(-1)!
      const branches = (last === 'none' ? split.noDefaultBranch() : split.defaultBranch(named(last))) as Record<
        string,
        Stream
      >
      return Object.keys(branches)
        .sort()
        .map((branch) => branches[branch]!)
    }
    case 'foreach':
      stream.foreach(() => undefined, options)
      return []
    case 'to':
      stream.to(rest[0]!, options)
      return []
    default:
      throw new Error(`no such call on a stream: ${verb}`)
  }
}

const tableCall = (on: Exclude<Value, Stream>, verb: string, name: string, rest: readonly string[]): Value => {
  const options = { ...named(name), ...materialized(rest[0]) }
  if (on instanceof KTable) {
    if (verb === 'filter') return on.filter(() => true, options)
    if (verb === 'mapValues') return on.mapValues(value, options)
    if (verb === 'toStream') return on.toStream(options) as Stream
    if (verb === 'toStreamKey') return on.toStream(value as never, options) as Stream
    if (verb === 'groupBy') return on.groupBy((text, key) => [key, text], options)
    throw new Error(`no such call on a table: ${verb}`)
  }
  const { key, store } = options as { key?: ReturnType<typeof serdes.string>; store?: string }
  if (verb === 'count')
    return on.count({ ...named(name), ...(key && { key }), ...(store && { store }) }) as unknown as Table
  if (on instanceof KGroupedStream)
    return verb === 'reduce' ? on.reduce(value, options) : on.aggregate(() => '', value, options)
  return verb === 'reduce' ? on.reduce(value, value, options) : on.aggregate(() => '', value, value, options)
}
