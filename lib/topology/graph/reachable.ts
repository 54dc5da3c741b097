/** All that the starts lead to, themselves included, each once: a graph of streams that split and merge has far more paths than nodes. */
export function* reachable<T>(starts: Iterable<T>, next: (item: T) => Iterable<T>): Generator<T> {
  const seen = new Set(starts)
  // what is added to a set while it is iterated is iterated, too
  for (const item of seen) {
    yield item
    for (const each of next(item)) seen.add(each)
  }
}
