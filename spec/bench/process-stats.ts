import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { cpus } from 'node:os'

/** What a benchmark takes, as the kernel counts it: all of it from Linux's /proc, in the same way for every process. */

/** Linux counts CPU time in hundredths of a second, whatever its own clock. */
const TICKS_PER_SECOND = 100

export const CORES = cpus().length

export const statsAvailable = (): boolean => process.platform === 'linux'

/** User and system CPU time of a process since it began, all threads. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // the name, in brackets, may have spaces
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** The most memory that a process ever had resident. */
export const peakRssMbOf = (pid: number): number => {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes ?? 0) / 1024
}

/** CPU time that all processes together have had, and that a hypervisor gave to other machines. */
export const machineCpuSeconds = (): number => {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.trim().split(/\s+/).slice(1).map(Number)
  return (user + nice + system + steal) / TICKS_PER_SECOND
}

/** The process that listens on a port of this machine, or undefined: a broker may be elsewhere. */
export const processListeningOn = (port: number): number | undefined => {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(file, port)))
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).find((pid) => [...inodes].some((inode) => hasSocket(pid, inode)))
}

const LISTEN = '0A'

const listeningInodes = (file: string, port: number): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTEN && parseInt(local.split(':')[1] ?? '', 16) === port)
    .map((fields) => fields[9]!)

const hasSocket = (pid: number, inode: string): boolean => {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`)
  } catch {
    return false // ended, or not ours to look at
  }
}

/** What was used between two moments. */
export interface Usage {
  readonly seconds: number
  /** Of the measured processes: since they began, and between the moments. */
  readonly cpuSeconds: number
  readonly cpuSecondsBetween: number
  readonly peakRssMb: number
  /** Undefined where the broker is on another machine. */
  readonly brokerCpuSeconds: number | undefined
  /** How much of the machine was busy with what is neither measured, nor the broker, nor this process: 0 to 1. */
  readonly othersShare: number
}

/** Begins to measure; the function ends it. `pids` names the processes that are alive at the moment. */
export const measureUsage = (pids: () => readonly number[], brokerPid: number | undefined): (() => Usage) => {
  const sum = (of: (pid: number) => number): number => pids().reduce((total, pid) => total + of(pid), 0)
  const read = () => ({
    at: performance.now(),
    measured: sum(cpuSecondsOf),
    broker: brokerPid === undefined ? 0 : cpuSecondsOf(brokerPid),
    own: cpuSecondsOf(process.pid),
    machine: machineCpuSeconds(),
  })
  const begin = read()
  return () => {
    const end = read()
    const seconds = (end.at - begin.at) / 1000
    const known = end.measured - begin.measured + (end.broker - begin.broker) + (end.own - begin.own)
    const others = Math.max(0, end.machine - begin.machine - known)
    return {
      seconds,
      cpuSeconds: end.measured,
      cpuSecondsBetween: end.measured - begin.measured,
      peakRssMb: Math.round(sum(peakRssMbOf)),
      brokerCpuSeconds: brokerPid === undefined ? undefined : end.broker - begin.broker,
      othersShare: others / (CORES * seconds),
    }
  }
}
