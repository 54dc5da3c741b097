import { TopologyError } from '../../errors'
import { fallbackJson, JsonSerde } from '../../serdes/json'
import type { Serde } from '../../serdes/serde'
import type { TopologyDefinition } from '../definition'

/**
 * A sink whose values have no known format falls back to JSON only if they were read as JSON, or without a named serde:
 * nobody wants text to become JSON text on its way from one topic to another.
 */
export function requireKnownFormats({ nodes }: TopologyDefinition, defaultValueSerde: Serde<unknown>): void {
  if (defaultValueSerde !== fallbackJson) return
  for (const node of nodes) {
    if (node.kind !== 'sink' || node.valueSerde !== undefined || node.lostFormat === undefined) continue
    const { serde, operator } = node.lostFormat
    if (serde instanceof JsonSerde) continue
    const topic = typeof node.topic === 'string' ? node.topic : undefined
    throw new TopologyError(
      'MISSING_SERDE',
      `sink "${node.name}" does not know how to write ${topic === undefined ? 'its values' : `values to "${topic}"`}: they are made by "${operator}" from ` +
        'values of another serde than JSON, which would silently become JSON. Say what they are there, as in ' +
        "mapValues(…, { value: serdes.string() }), or at the sink, as in to('topic', { value: serdes.json() }); or set defaultValueSerde",
      { operator: node.name, ...(topic === undefined ? {} : { topic }) },
    )
  }
}
