import type { TaskId } from '../../../lib/record/task-id'
import { healthOf } from '../../../lib/runtime/health'
import type { StreamsState } from '../../../lib/runtime/state-machine'
import type { Task } from '../../../lib/runtime/tasks/task'

interface Input {
  readonly position: number
  readonly endOffset: number
}

const running = (id: TaskId, ...inputs: readonly Input[]): Task =>
  ({
    id,
    state: 'running',
    committedOffset: () => 10,
    processing: {
      isBusy: false,
      inputPositions: inputs.map((input, partition) => ({ topic: 'in', partition, ...input })),
    },
  }) as unknown as Task

const restoring = (id: TaskId): Task => ({ id, state: 'restoring' }) as unknown as Task

const health = (
  state: StreamsState,
  { tasks = [], sinceTurnMs = 0, draining = false }: { tasks?: Task[]; sinceTurnMs?: number; draining?: boolean } = {},
  options = {},
) => healthOf({ state, draining, run: { tasks, sinceTurnMs } }, options)

describe('the health of an instance', () => {
  it.each<[StreamsState, boolean, boolean]>([
    ['CREATED', true, false],
    ['REBALANCING', true, false],
    ['RUNNING', true, true],
    ['PENDING_SHUTDOWN', true, false],
    ['NOT_RUNNING', true, false],
    ['PENDING_ERROR', false, false],
    ['ERROR', false, false],
  ])('in state %s: live %s, ready %s, with a reason if not', (state, live, ready) => {
    const found = health(state)
    expect(found.live.ok).toBe(live)
    expect(found.ready.ok).toBe(ready)
    expect(found.live.reasons.length > 0).toBe(!live)
    expect(found.ready.reasons.length > 0).toBe(!ready)
  })

  it('is not live while the loop does not turn', () => {
    const { live, ready, loopPauseMs } = health('RUNNING', { sinceTurnMs: 61_000 })
    expect({ live: live.ok, ready: ready.ok, loopPauseMs }).toEqual({ live: false, ready: false, loopPauseMs: 61_000 })
    expect(live.reasons).toEqual(['the processing loop has not turned for 61000 ms, and may take 60000 ms'])
    expect(health('RUNNING', { sinceTurnMs: 61_000 }, { maxLoopPause: '2m' }).live.ok).toBe(true)
  })

  it('is not ready while tasks are restored', () => {
    const { ready, restoring: ids } = health('RUNNING', { tasks: [running('0_0'), restoring('0_1')] })
    expect(ready).toEqual({ ok: false, reasons: ['1 of 2 tasks are being opened or restored'] })
    expect(ids).toEqual(['0_1'])
  })

  it('is not ready while it is shutting down', () => {
    expect(health('RUNNING', { draining: true }).ready).toEqual({ ok: false, reasons: ['it is shutting down'] })
  })

  it('counts the records that are still to be processed, and is not ready above a bound', () => {
    const tasks = [
      running('0_0', { position: 90, endOffset: 100 }, { position: -1, endOffset: 15 }),
      running('0_1', { position: 5, endOffset: -1 }),
    ]
    expect(health('RUNNING', { tasks }).lag).toBe(15)
    expect(health('RUNNING', { tasks }, { maxLag: 15 }).ready.ok).toBe(true)
    expect(health('RUNNING', { tasks }, { maxLag: 14 }).ready.reasons).toEqual([
      '15 records are still to be processed, and maxLag is 14',
    ])
  })

  it('does not know the lag before the broker has said where its partitions end', () => {
    const tasks = [running('0_0', { position: -1, endOffset: -1 })]
    expect(health('RUNNING', { tasks }, { maxLag: 0 })).toMatchObject({ lag: null, ready: { ok: true } })
  })
})
