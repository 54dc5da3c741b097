const TOPICS = new WeakMap<object, readonly string[]>()

/** The handler, of which it is known from now on that its dead letters go to these topics only. */
export const writingTo = <Handler extends object>(topics: readonly string[], handler: Handler): Handler => {
  TOPICS.set(handler, topics)
  return handler
}

/** The topics of a handler's dead letters; undefined where only the handler knows. */
export const topicsOf = (handler: object | undefined): readonly string[] | undefined =>
  handler === undefined ? [] : TOPICS.get(handler)
