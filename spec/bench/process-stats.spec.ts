import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { cpuSecondsOf, measureUsage, peakRssMbOf, processListeningOn, statsAvailable } from './process-stats'

const onLinux = statsAvailable() ? describe : describe.skip

const workFor = (milliseconds: number): void => {
  const begin = process.cpuUsage()
  while (process.cpuUsage(begin).user < milliseconds * 1000) Math.random()
}

onLinux('what the kernel counts', () => {
  it('has the CPU time of a process as the process itself knows it', () => {
    const { user, system } = process.cpuUsage()
    expect(cpuSecondsOf(process.pid)).toBeGreaterThanOrEqual((user + system) / 1e6 - 0.1)
    const after = process.cpuUsage()
    expect(cpuSecondsOf(process.pid)).toBeLessThanOrEqual((after.user + after.system) / 1e6 + 1)
  })

  it('has the peak of its memory', () => {
    expect(peakRssMbOf(process.pid)).toBeGreaterThanOrEqual(Math.floor(process.memoryUsage().rss / 2 ** 20))
  })

  it('finds the process that listens on a port, and none where no one does', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(processListeningOn(port)).toBe(process.pid)
    server.close()
    await once(server, 'close')
    expect(processListeningOn(port)).toBeUndefined()
  })

  it('counts what the measured processes use from one moment to the other', () => {
    const end = measureUsage(() => [process.pid], undefined)
    workFor(100)
    const usage = end()
    expect(usage.cpuSecondsBetween).toBeGreaterThanOrEqual(0.09)
    expect(usage.cpuSeconds).toBeGreaterThanOrEqual(usage.cpuSecondsBetween)
    expect(usage.brokerCpuSeconds).toBeUndefined()
    expect(usage.othersShare).toBeGreaterThanOrEqual(0)
  })
})
