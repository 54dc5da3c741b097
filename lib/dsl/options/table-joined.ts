import { callback, either, NAME, optional, options } from '../../arguments'
import { TABLE_STORE } from '../../topology/store-reference'
import type { StreamPartitioner } from '../../topology/definition'
import { type Materialized, MATERIALIZED_KINDS, type TableStoreHandle } from './materialized'

/**
 * Options of a foreign-key join and its result. `name` names its operators, its internal topics and its
 * subscription store.
 */
export interface TableJoined<K, KO, VR> extends Materialized<K, VR> {
  // Partitioners are methods, whose parameters leave a table covariant in its key, as KTable declares.
  /**
   * How the topic of the left table is partitioned, if not by the default partitioner: responses go there. It must choose
   * one partition, and gets no value. Default: the partition that the left record came from.
   */
  partitioner?(...record: Parameters<StreamPartitioner<K, null>>): ReturnType<StreamPartitioner<K, null>>
  /**
   * How the topic of the right table is partitioned, if not by the default partitioner: subscriptions go there. It must
   * choose one partition, gets no value, and a `null` key for rows of a left join without a foreign key.
   */
  otherPartitioner?(...record: Parameters<StreamPartitioner<KO, null>>): ReturnType<StreamPartitioner<KO, null>>
}

/** The store of the result by its name or handle, or all options. */
export type TableJoinedAs<K, KO, VR> = string | TableStoreHandle<K, VR> | TableJoined<K, KO, VR>

export const TABLE_JOINED = optional(
  either(
    NAME,
    TABLE_STORE,
    options<TableJoined<unknown, unknown, unknown>>({
      ...MATERIALIZED_KINDS,
      partitioner: callback('a function that chooses a partition'),
      otherPartitioner: callback('a function that chooses a partition'),
    }),
  ),
)
