import type { Serde } from '../../serdes/serde'
import { type Shortcuts, shortcutsOf } from '../../serdes/shortcuts'
import type { TimestampExtractor } from '../../topology/definition'
import type { Child } from './child'
import type { StreamRecord } from '../../record/stream-record'

/** Whether a source or sink uses the application's default serde: for messages. */
export interface SerdeDefaults {
  readonly key: boolean
  readonly value: boolean
}

export type RangeReader = NonNullable<Shortcuts['readRange']>

export interface SourceNodeOptions {
  readonly name: string
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  readonly usesDefault: SerdeDefaults
  readonly timestampExtractor: TimestampExtractor
  /** How long the task waits for an empty input of it at the most. Default: for as long as it takes. */
  readonly idleAfterMs?: number | undefined
}

/** Brings the records of a topic into the task. */
export class SourceNode {
  readonly name: string
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  readonly usesDefault: SerdeDefaults
  readonly timestampExtractor: TimestampExtractor
  readonly idleAfterMs: number
  readonly children: Child[] = []
  /**
   * Nobody looks at the values, and none of them can be damaged: they are not read. A serde that may refuse bytes always
   * reads them, as Java does: its errors are the deserialization handler's, whether the value is looked at or not.
   */
  skipsValues = false
  /** Read keys and values from the middle of a buffer, where their serdes can. */
  readonly readKeyRange: RangeReader | undefined
  readonly readValueRange: RangeReader | undefined

  constructor(options: SourceNodeOptions) {
    this.name = options.name
    this.keySerde = options.keySerde
    this.valueSerde = options.valueSerde
    this.usesDefault = options.usesDefault
    this.timestampExtractor = options.timestampExtractor
    this.idleAfterMs = options.idleAfterMs ?? Infinity
    this.readKeyRange = shortcutsOf(this.keySerde).readRange
    this.readValueRange = shortcutsOf(this.valueSerde).readRange
  }

  addChild(child: Child): void {
    this.children.push(child)
  }

  process(record: StreamRecord<unknown, unknown>): void {
    const { children } = this
    for (let i = 0; i < children.length; i++) children[i]!.process(record)
  }
}
