import { OpenScans } from '../../../lib/state/open-scans'

it('knows the scans that are under way, and since when the oldest is', () => {
  const now = jest.spyOn(Date, 'now')
  const scans = new OpenScans()
  now.mockReturnValueOnce(100).mockReturnValueOnce(200)
  const first = scans.begin('all')
  const second = scans.begin('range')
  expect([scans.count, scans.oldestSince]).toEqual([2, 100])
  scans.end(first)
  expect([scans.count, scans.oldestSince]).toEqual([1, 200])
  scans.end(second)
  expect([scans.count, scans.oldestSince]).toEqual([0, 0])
  now.mockRestore()
})

it('tells what was called, and how long it took, when a scan has ended', () => {
  const scans = new OpenScans()
  const ended = jest.fn()
  scans.ended = ended
  const scan = scans.begin('range')
  expect(ended).not.toHaveBeenCalled()
  scans.end(scan)
  expect(ended).toHaveBeenCalledWith('range', expect.any(Number))
})
