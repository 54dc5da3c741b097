import { silentLogger } from '../../../../lib/observe/logger'
import { RestoreProgress, type RestoreProgressEvent } from '../../../../lib/runtime/changelog/restore-progress'

const RANGE = {
  store: { name: 'counts' },
  changelog: { topic: 'app-counts-changelog', partition: 1 },
  from: 100,
  end: 1100,
}

describe('the progress of a restore', () => {
  let now: number
  let lines: { message: string; etaMs?: number; percent?: number }[]
  let events: RestoreProgressEvent[]
  let progress: RestoreProgress

  beforeEach(() => {
    now = 1000
    jest.spyOn(performance, 'now').mockImplementation(() => now)
    lines = []
    events = []
    const listener = {
      restoreStart: () => {},
      restoreEnd: () => {},
      restoreProgress: (event: RestoreProgressEvent) => void events.push(event),
    }
    progress = new RestoreProgress(listener, {
      ...silentLogger,
      info: (fields, message) => void lines.push({ ...fields, message }),
    })
    progress.started('0_1', RANGE)
  })
  afterEach(() => jest.restoreAllMocks())

  it('is logged every few seconds with the time that is left at the current rate', () => {
    now += 2000
    progress.restored(RANGE, 80, 300)
    progress.report()
    expect(lines).toEqual([
      expect.objectContaining({ message: 'restoring store counts: 20 %, about 8 s left', percent: 20, etaMs: 8000 }),
    ])
    expect(events).toEqual([expect.objectContaining({ restored: 80, recordsPerSecond: 40, etaMs: 8000 })])
    progress.report()
    expect(lines).toHaveLength(1)
  })

  it('is at info when it ends, but at debug when there was nothing to replay, as after every clean start', () => {
    progress.finished(RANGE)
    expect(lines).toEqual([])
    progress.started('0_1', RANGE)
    progress.restored(RANGE, 1000, 1100)
    progress.finished(RANGE)
    expect(lines).toEqual([expect.objectContaining({ message: 'restored store counts: replayed 1000 records' })])
  })

  it('says nothing of the time left while it stands still', () => {
    now += 2000
    progress.report()
    expect(lines).toEqual([expect.objectContaining({ message: 'restoring store counts: 0 %', etaMs: Infinity })])
  })
})
