import type { Contestant, Measurement } from './contestants'

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const rate = ({ count, seconds }: Measurement): number => count / seconds

/** Lets the two take turns, so that a machine that slows down slows both; prints a line a run and at the end one line of JSON. */
export const contest = async (
  bench: string,
  unit: string,
  rounds: number,
  run: (contestant: Contestant, round: number) => Promise<Measurement>,
): Promise<void> => {
  const rates: Record<Contestant, number[]> = { java: [], millrace: [] }
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of ['java', 'millrace'] as const) {
      const measured = await run(contestant, round)
      rates[contestant].push(rate(measured))
      const { count, seconds, cpuSeconds, maxRssMb } = measured
      console.log(
        `round ${round}  ${contestant.padEnd(8)}  ${count} ${unit} in ${seconds.toFixed(2)} s = ` +
          `${Math.round(rate(measured))} ${unit}/s, ${cpuSeconds.toFixed(1)} CPU s, ${maxRssMb} MB`,
      )
    }
  }
  const ours = Math.round(median(rates.millrace))
  const java = Math.round(median(rates.java))
  console.log(JSON.stringify({ bench, ours, java, ratio: Number((ours / java).toFixed(2)) }))
}
