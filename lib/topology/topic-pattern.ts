/** Whether a pattern subscribes to a topic: it has to match the whole name, as in Kafka Streams. */
export function matchesTopic(pattern: RegExp, topic: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, '')).test(topic)
}

/** Whether a source of these topics, or of those that a pattern matches, reads a topic. `nameOf`: what a named one is called in Kafka. */
export function readsTopic(
  topics: readonly string[] | RegExp,
  topic: string,
  nameOf?: (name: string) => string,
): boolean {
  if (topics instanceof RegExp) return matchesTopic(topics, topic)
  return nameOf === undefined ? topics.includes(topic) : topics.some((name) => nameOf(name) === topic)
}
