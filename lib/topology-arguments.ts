import { argumentChecks } from './arguments'
import { TopologyError } from './errors'

/**
 * The checks of what a topology is built with.
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const { requireArgument, requireFunction, argumentError } = argumentChecks(
  (message) => new TopologyError('INVALID_ARGUMENT', message),
)
