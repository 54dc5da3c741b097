import { InstanceRecordCounts } from '../../../lib/observe/record-counts'

describe('record counts', () => {
  it('are by task, operator and reason, and in total', () => {
    const counts = new InstanceRecordCounts()
    counts.of('0_0').dropped('parse', 'error')
    counts.of('0_0').dropped('parse', 'error')
    counts.of('0_0').dropped('parse', 'null-key')
    counts.of('0_1').deadLetterSent('parse')
    counts.of('0_1').dropped('count', 'late')
    expect(counts.snapshot()).toEqual({
      dropped: 4,
      deadLetters: 1,
      operators: [
        {
          taskId: '0_0',
          operator: 'parse',
          dropped: 3,
          droppedBy: { error: 2, 'null-key': 1 },
          deadLetters: 0,
        },
        { taskId: '0_1', operator: 'parse', dropped: 0, droppedBy: {}, deadLetters: 1 },
        { taskId: '0_1', operator: 'count', dropped: 1, droppedBy: { late: 1 }, deadLetters: 0 },
      ],
    })
    expect(counts.of('0_0').droppedTotal).toBe(3)
  })

  it('of a task that is closed and opened again continue', () => {
    const counts = new InstanceRecordCounts()
    expect(counts.of('0_0').dropped('count', 'late')).toBe(1)
    expect(counts.of('0_0').dropped('count', 'late')).toBe(2)
  })

  it('number the drops of each reason', () => {
    const counts = new InstanceRecordCounts().of('0_0')
    counts.dropped('count', 'null-key')
    expect(counts.dropped('count', 'null-value')).toBe(1)
    expect(counts.dropped('count', 'null-key')).toBe(2)
  })
})
