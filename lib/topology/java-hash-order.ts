const MIN_CAPACITY = 16
const LOAD_FACTOR = 0.75

/**
 * The order in which a `java.util.HashSet` of strings is iterated after these were added one by one. Topology texts
 * print sets, and so do existing viewers and tests of Kafka Streams.
 */
export function hashSetOrder(items: Iterable<string>, initialCapacity = MIN_CAPACITY): string[] {
  const distinct = [...new Set(items)]
  let capacity = initialCapacity
  while (distinct.length > capacity * LOAD_FACTOR) capacity *= 2
  const mask = capacity - 1
  const buckets = new Map<number, string[]>()
  for (const item of distinct) {
    const bucket = spreadHash(item) & mask
    const entries = buckets.get(bucket)
    if (entries) entries.push(item)
    else buckets.set(bucket, [item])
  }
  return [...buckets.keys()].sort((a, b) => a - b).flatMap((bucket) => buckets.get(bucket)!)
}

/** The order of a `HashSet` that was made from a collection: it starts out large enough for all of it. */
export function hashSetCopyOrder(items: readonly string[]): string[] {
  const wanted = Math.max(Math.floor(Math.fround(items.length / LOAD_FACTOR)) + 1, MIN_CAPACITY)
  let capacity = MIN_CAPACITY
  while (capacity < wanted) capacity *= 2
  return hashSetOrder(items, capacity)
}

function spreadHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}
