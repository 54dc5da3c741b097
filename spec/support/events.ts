import type { KafkaStreams } from '../../lib/runtime/kafka-streams'
import type { StreamsEvents } from '../../lib/runtime/streams-types'

/** The next event of that kind. */
export const once = <E extends keyof StreamsEvents>(streams: KafkaStreams, event: E): Promise<StreamsEvents[E]> =>
  new Promise((resolve) => streams.once(event, resolve))
