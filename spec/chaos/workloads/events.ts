import { serdes } from '../../../lib'
import { repeatedOrUnknown, tally, type Workload } from './workload'

/** Events are named after the life of the topic that they are written in. */
export const eventId = (life: number, number: number): string => `e${life}-${number}`
export const lifeOf = (event: string): number => Number(/^e(\d+)-/.exec(event)![1])

/**
 * Copies a topic that is deleted and created again. What was in a topic that was deleted may be lost; what is in the last one
 * is copied once, and nothing is copied twice.
 */
export const events: Workload = {
  name: 'events',
  guarantee: 'exactly_once',
  inputs: ['events'],
  output: 'copies',

  build(builder, topic) {
    const text = { key: serdes.string(), value: serdes.string() }
    builder
      .stream(topic('events'), text)
      .mapValues((value) => `copy of ${value}`)
      .to(topic('copies'), text)
  },

  missing({ inputs, output }) {
    const seen = new Set(output.map(({ key }) => key!))
    return inputs.get('events')!.flatMap(({ key }) => (seen.has(key!) ? [] : [key!]))
  },

  wrong({ inputs, output }) {
    const now = new Set(inputs.get('events')!.map(({ key }) => key!))
    // nothing is known of a topic that was created again and not written to since
    const life = now.size === 0 ? Infinity : Math.max(...[...now].map(lifeOf))
    const seen = tally(output.map(({ key }) => key!))
    return repeatedOrUnknown(seen, { has: (event) => lifeOf(event) < life || now.has(event) })
  },
}
