/* The names that a case text may use. */
export { KeyValue, Duration, Instant, List, Map, Set, TreeSet, Optional, Pattern } from './values'
export { Serdes, StringSerializer } from './serdes'
export { JavaRecord as Record, RecordHeaders } from './record'
export { processor, processorWithStores, fixedKeyProcessor, PunctuationType } from './processor'
export { Stores } from './stores'
export { Topology } from './topology'
export { StreamsBuilder, TopologyConfig } from './streams-builder'
export { Named, Consumed, Produced, Grouped, Repartitioned, Materialized, Branched } from './options'
