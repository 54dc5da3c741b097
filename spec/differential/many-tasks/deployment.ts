import type { ProcessingGuarantee } from '../../../lib'
import type { Program } from '../program'
import { Random } from '../random'

/** How a program is run as an application. */
export interface Deployment {
  readonly partitions: number
  readonly guarantee: ProcessingGuarantee
  /** Before the restart and after it. */
  readonly instances: readonly [number, number]
  /** The local state is still there after the restart. */
  readonly keepsState: boolean
  /** After so many milliseconds each, one more instance joins, and the oldest one leaves. */
  readonly replacements: readonly number[]
}

export const deploymentOf = ({ seed }: Program): Deployment => {
  const random = new Random(seed + 1_000_003)
  return {
    partitions: random.between(2, 4),
    guarantee: random.pick(['at_least_once', 'exactly_once']),
    instances: [random.between(1, 3), random.between(1, 3)],
    keepsState: random.chance(0.5),
    replacements: random.chance(0.5) ? [] : Array.from({ length: random.between(1, 3) }, () => random.between(0, 80)),
  }
}
