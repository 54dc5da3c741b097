import type { KafkaStreams, StreamsEvents } from '../../lib/runtime/kafka-streams'

/** The next event of that kind. */
export const once = <E extends keyof StreamsEvents>(streams: KafkaStreams, event: E): Promise<StreamsEvents[E]> =>
  new Promise((resolve) => streams.once(event, resolve))
