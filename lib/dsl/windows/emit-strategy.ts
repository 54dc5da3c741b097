import { TopologyError } from '../../errors'
import type { EmitStrategy } from '../../operators/close-emission'

export function requireEmitStrategy(emit: EmitStrategy): void {
  if (emit === 'onWindowUpdate' || emit === 'onWindowClose') return
  throw new TopologyError(
    'INVALID_ARGUMENT',
    `emitStrategy is 'onWindowUpdate' or 'onWindowClose', and not ${JSON.stringify(emit)}`,
  )
}
