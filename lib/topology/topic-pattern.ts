/** Whether a pattern subscribes to a topic: it has to match the whole name, as in Kafka Streams. */
export function matchesTopic(pattern: RegExp, topic: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, '')).test(topic)
}
