import { describeWithOwnKafka } from '../support/kafka-broker'
import { runChaos } from './chaos'
import { FAULT_KINDS } from './plan'
import { WORKLOADS } from './workloads'

/** `npm run chaos -- --minutes 10 --seed 1` for the full test. */
const MINUTES = Number(process.env['MILLRACE_CHAOS_MINUTES'] ?? 2)
const SEED = Number(process.env['MILLRACE_CHAOS_SEED'] ?? 1)

describeWithOwnKafka('applications while instances, brokers, networks, disks and topics fail', () => {
  it(
    `have right results and never stand still, for ${MINUTES} minutes of seed ${SEED}`,
    async () => {
      const lines: string[] = []
      const workloads = WORKLOADS.map(({ name }) => name)
      const print = (line: string): void => void lines.push(line)
      const failures = await runChaos({ minutes: MINUTES, seed: SEED, faults: FAULT_KINDS, workloads, print })
      if (failures.length > 0) throw new Error(`${failures.join('\n')}\n\n${lines.join('\n')}`)
    },
    (MINUTES + 6) * 60_000,
  )
})
