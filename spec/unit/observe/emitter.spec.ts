import { Emitter } from '../../../lib/observe/emitter'

interface Events {
  count: number
  text: string
}

describe('Emitter', () => {
  it('calls every listener of an event, also when one throws', () => {
    const errors: unknown[] = []
    const emitter = new Emitter<Events>((event, error) => errors.push([event, (error as Error).message]))
    const seen: number[] = []
    emitter.on('count', () => {
      throw new Error('broken listener')
    })
    emitter.on('count', (n) => seen.push(n))
    emitter.emit('count', 7)
    emitter.emit('text', 'nobody listens')
    expect(seen).toEqual([7])
    expect(errors).toEqual([['count', 'broken listener']])
  })

  it('calls a once listener once, and a removed one not at all', () => {
    const emitter = new Emitter<Events>(() => {})
    const seen: string[] = []
    const removed = (text: string): void => void seen.push(`removed ${text}`)
    emitter.on('text', removed)
    emitter.once('text', (text) => {
      seen.push(text)
      emitter.off('text', removed)
    })
    emitter.emit('text', 'a')
    emitter.emit('text', 'b')
    expect(seen).toEqual(['removed a', 'a'])
  })
})
