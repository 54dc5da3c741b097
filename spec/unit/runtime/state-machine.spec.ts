import { StreamsError } from '../../../lib/errors'
import { StateMachine, type StreamsState } from '../../../lib/runtime/state-machine'

const going = (...states: StreamsState[]): { machine: StateMachine; changes: string[] } => {
  const changes: string[] = []
  const machine = new StateMachine((from, to) => changes.push(`${from} > ${to}`))
  for (const state of states) machine.transitionTo(state)
  return { machine, changes }
}

describe('StateMachine', () => {
  it.each<StreamsState[]>([
    ['CREATED', 'RUNNING'],
    ['REBALANCING', 'NOT_RUNNING'],
    ['PENDING_SHUTDOWN', 'RUNNING'],
    ['PENDING_SHUTDOWN', 'PENDING_ERROR'],
  ])('refuses to go from %s to %s', (from, to) => {
    const { machine } = going(
      ...(from === 'CREATED' ? [] : from === 'REBALANCING' ? [from] : (['REBALANCING', from] as const)),
    )
    expect(() => machine.transitionTo(to!)).toThrow(StreamsError)
    expect(machine.state).toBe(from)
  })

  it('ends in NOT_RUNNING and in ERROR', () => {
    const closed = going('REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING').machine
    const failed = going('REBALANCING', 'PENDING_ERROR', 'ERROR').machine
    for (const machine of [closed, failed]) {
      for (const state of ['CREATED', 'REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'] as const) {
        expect(() => machine.transitionTo(state)).toThrow(StreamsError)
      }
    }
  })

  it('tells of every change once, and of none where it stays', () => {
    const { machine, changes } = going('REBALANCING', 'RUNNING')
    machine.transitionTo('RUNNING')
    expect(changes).toEqual(['CREATED > REBALANCING', 'REBALANCING > RUNNING'])
  })
})
