import type { ValueTransformer, ValueTransformerContext } from '../../../lib/operators/value-transformer'
import type { StateStore } from '../../../lib/state/store'
import { RecordHeaders } from './record'
import { javaStore, type JavaStore } from './stores'
import { toJava } from './windows'
import type { RecordContext } from '../../../lib/record/record-context'

/** Java's processor context as a value transformer sees it: with the metadata of the record in work. */
class TransformerContext {
  meta: RecordContext | undefined

  constructor(private readonly context: ValueTransformerContext) {}

  timestamp(): number {
    return this.meta!.timestamp
  }
  topic(): string | null {
    return this.meta!.topic
  }
  partition(): number {
    return this.meta!.partition
  }
  offset(): number {
    return this.meta!.offset
  }
  headers(): RecordHeaders {
    return new RecordHeaders(this.meta!.headers)
  }
  getStateStore(name: string): JavaStore {
    return javaStore(this.context.stateStore<StateStore>(name))
  }
}

type Init = (context: TransformerContext) => (key: unknown, value: unknown) => unknown

/** What `valueTransformer(init)` of a case text is. */
export interface JavaValueTransformerSupplier {
  readonly supplier: () => ValueTransformer<unknown, unknown, unknown>
}

export const valueTransformer = (init: Init): JavaValueTransformerSupplier => ({
  supplier: () => {
    let context: TransformerContext
    let transform: (key: unknown, value: unknown) => unknown
    return {
      init(own) {
        context = new TransformerContext(own)
        transform = init(context)
      },
      transform(value, key, meta) {
        context.meta = meta
        return transform(toJava(key), value)
      },
    }
  },
})
