import { parseArgs } from 'node:util'
import { whyNoOwnKafka } from '../support/kafka/cluster'
import { runChaos } from './chaos'
import { describeFault, FAULT_KINDS, type FaultKind, FAULTS, planOf } from './plan'
import { WORKLOADS } from './workloads'

const NAMES = WORKLOADS.map(({ name }) => name)

const USAGE = `usage: npm run chaos -- [options]

Runs applications in three instances on three brokers while things break, and checks that their results are right.
Needs Docker, or Java 17 or newer.

  --minutes N       how long faults happen (default 2)
  --seed S          of the plan of faults and of the input (default: random, and printed)
  --faults a,b,…    only these (default: all):
${FAULT_KINDS.map((kind) => `                      ${kind.padEnd(10)}${FAULTS[kind]}`).join('\n')}
  --workloads a,b,… only these (default: all): ${NAMES.join(', ')}
  --plan            show what would be done, and when; do nothing
  --keep            keep the logs and state of instances and brokers even if nothing fails
  --help            this text

Exits with 0 if nothing failed, else with 1; logs and state of instances and brokers are kept then.`

class UsageError extends Error {}

const numberOf = (name: string, text: string, least: number): number => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value < 2 ** 31))
    throw new UsageError(`--${name} ${text}: a number of ${least} or more is wanted`)
  return value
}

const chosen = <T extends string>(name: string, text: string | undefined, known: readonly T[]): T[] => {
  const names = text?.split(',') ?? known
  return names.map((each) => {
    const found = known.find((choice) => choice === each)
    if (found === undefined) throw new UsageError(`--${name} ${each}: there are ${known.join(', ')}`)
    return found
  })
}

const options = () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      workloads: { type: 'string' },
      plan: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    minutes: numberOf('minutes', values.minutes, 0.1),
    seed: values.seed === undefined ? Date.now() % 100_000 : Math.floor(numberOf('seed', values.seed, 0)),
    faults: chosen<FaultKind>('faults', values.faults, FAULT_KINDS),
    workloads: chosen('workloads', values.workloads, NAMES),
    keep: values.keep,
    plan: values.plan,
    help: values.help,
  }
}

const showPlan = ({ seed, minutes, faults }: ReturnType<typeof options>): void => {
  const all = planOf({ seed, minutes, kinds: faults }).flatMap((lane) => lane.faults)
  for (const fault of all.sort((a, b) => a.at - b.at)) {
    console.log(`${(fault.at / 1000).toFixed(1).padStart(7)} s  ${describeFault(fault)}`)
  }
}

const main = async (): Promise<void> => {
  const given = options()
  const { minutes, seed, faults, workloads } = given
  if (given.help) return console.log(USAGE)
  console.log(
    `chaos for ${minutes} minutes, seed ${seed}, faults ${faults.join(',')}, workloads ${workloads.join(',')}`,
  )
  if (given.plan) return showPlan(given)
  const unavailable = whyNoOwnKafka()
  if (unavailable !== undefined) throw new UsageError(unavailable)
  const failures = await runChaos({ ...given, print: (line) => console.log(line) })
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  console.log(`seed ${seed}: ${failures.length === 0 ? 'passed' : `${failures.length} failures`}`)
  process.exitCode = failures.length === 0 ? 0 : 1
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(usage ? `${(error as Error).message}\n\n${USAGE}` : error)
  process.exitCode = 1
})
