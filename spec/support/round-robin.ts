import { type HttpAnswer, type QueryInstance } from './query-instances'

/** Asks instances for keys, one instance after the other, as clients behind a load balancer do. */
export class RoundRobin {
  /** `expected`: the value of each key. */
  constructor(
    private readonly store: string,
    private readonly expected: ReadonlyMap<string, number>,
  ) {}

  /** Each instance has an answer for each key, and it is right. */
  async askAll(instances: readonly QueryInstance[]): Promise<void> {
    for (const instance of instances) {
      for (const [key, value] of this.expected) {
        const { status, json } = await instance.get(`/stores/${this.store}/keys/${key}`)
        expect({ key, status, value: json.value }).toEqual({ key, status: 200, value })
      }
    }
  }

  /**
   * Asks until `over`: every answer is right, or says when to ask again. Returns how many were. A connection that is
   * refused, or cut before the answer, is none.
   */
  async askDuring(
    instances: readonly QueryInstance[],
    over: Promise<unknown>,
  ): Promise<{ right: number; later: number }> {
    let isOver = false
    const ended = over.finally(() => (isOver = true))
    ended.catch(() => {})
    const entries = [...this.expected]
    const seen = { right: 0, later: 0 }
    for (let n = 0; !isOver; n++) {
      const [key, value] = entries[n % entries.length]!
      const answer = await ask(instances[n % instances.length]!, `/stores/${this.store}/keys/${key}`)
      if (answer === undefined) continue
      if (answer.status === 200) {
        expect({ key, value: answer.json.value }).toEqual({ key, value })
        seen.right++
      } else {
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
        seen.later++
      }
    }
    await ended
    return seen
  }
}

const ask = async (instance: QueryInstance, path: string): Promise<HttpAnswer | undefined> => {
  try {
    return await instance.get(path)
  } catch {
    return undefined
  }
}
