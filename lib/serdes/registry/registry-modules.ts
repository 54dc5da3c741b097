import { createRequire } from 'node:module'

/**
 * A module that the registry's client depends on, in the version that it depends on: it is installed with it, and loaded only when its
 * format is used.
 */
export const registryModule = (name: string): unknown => {
  return createRequire(require.resolve('@kafkajs/confluent-schema-registry'))(name)
}
