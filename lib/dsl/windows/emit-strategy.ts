import { oneOf } from '../../arguments'

export const EMIT_STRATEGY = oneOf('onWindowUpdate', 'onWindowClose')
