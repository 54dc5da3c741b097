/** What Kafka Streams and millrace append to the names of the topics that are an application's own. */
const INTERNAL =
  /(-changelog|-repartition|-subscription-(registration|response)-topic|-KTABLE-FK-JOIN-SUBSCRIPTION-(REGISTRATION|RESPONSE)-\d+-topic)$/

/** Topics of an application among all of the cluster's. */
export interface InternalTopics {
  readonly internal: readonly string[]
  /** Ones whose names begin alike, but that belong to another group with a longer name: `orders-v2-…` is not of `orders`. */
  readonly ofOthers: readonly string[]
}

export const internalTopics = (
  applicationId: string,
  topics: readonly string[],
  groups: readonly string[],
): InternalTopics => {
  const others = groups.filter((group) => group.startsWith(`${applicationId}-`))
  const isOthers = (topic: string): boolean => others.some((group) => topic.startsWith(`${group}-`))
  const alike = topics.filter((topic) => topic.startsWith(`${applicationId}-`) && INTERNAL.test(topic)).sort()
  return { internal: alike.filter((topic) => !isOthers(topic)), ofOthers: alike.filter(isOthers) }
}
