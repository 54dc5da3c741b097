import type { RecordHeaders } from '../../../../lib/record/headers'
import { OwnerEpoch } from '../../../../lib/runtime/changelog/owner-epochs'
import { randomFrom } from '../../state/random-numbers'

const KEY = 'app-counts-changelog-0'
const HOUR_MS = 3_600_000
const STEPS = 40

interface Write {
  offset: number
  /** By the owner of that time. */
  isValid: boolean
  readonly key: string
  readonly headers: RecordHeaders
  readonly producerId: number
  /** Counts the changes of owners. */
  readonly term: number
}

/** What an instance has on disk of the task. */
interface Kept {
  readonly contained?: number
  readonly numbers: ReadonlyMap<string, number>
}

interface Instance {
  producerId: number
  hasStarted: boolean
  kept: Kept
  late: Write[]
}

const NOTHING: Kept = { numbers: new Map() }

/** A changelog whose owners change, stall, restart, lose their disks and use transactions, and that is compacted. */
class Changelog {
  readonly #instances: Instance[] = []
  #log: Write[] = []
  #end = 0
  #term = 0
  #producers = 0
  #now = 0
  #inTransactions = false
  #owner: { readonly instance: Instance; readonly epoch: OwnerEpoch } | undefined

  constructor(private readonly random: (below: number) => number) {
    for (let i = 0; i < 3; i++) {
      this.#instances.push({ producerId: ++this.#producers, hasStarted: false, kept: NOTHING, late: [] })
    }
  }

  step(): void {
    const { random } = this
    this.#now += random(4) === 0 ? HOUR_MS : random(60_000)
    const instance = this.#instances[random(3)]!
    const choice = random(20)
    if (choice < 6 || this.#owner === undefined) this.#takeOver(instance)
    else if (choice < 14) this.#write(1 + random(3))
    else if (choice < 17) this.#deliver(instance)
    else if (choice < 18) this.#switchGuarantee()
    else if (choice < 19) this.#compact()
  }

  /** The valid writes that a restore drops. */
  lost(): Write[] {
    return this.#replay(NOTHING).lost
  }

  #replay({ contained = -1, numbers }: Kept): { epoch: OwnerEpoch; lost: Write[] } {
    const epoch = new OwnerEpoch(KEY, numbers)
    const lost = this.#log.filter(({ offset, key, headers, producerId, isValid }) => {
      if (offset <= contained) return false
      return !epoch.accepts({ headers: () => headers, producerId, offset }, Buffer.from(key)) && isValid
    })
    return { epoch, lost }
  }

  #takeOver(instance: Instance): void {
    if (this.random(4) === 0) this.#restart(instance)
    if (this.random(5) === 0) instance.kept = NOTHING
    const { contained } = instance.kept
    const { epoch, lost } = this.#replay(instance.kept)
    expect(lost).toEqual([])
    const isBehind = (contained ?? -1) + 1 < this.#end
    const isFirst = epoch.isFirst && !isBehind && (this.#end === 0 || contained !== undefined)
    if (isBehind) instance.kept = { contained: epoch.replayed(this.#end) - 1, numbers: new Map(epoch.numbers(KEY)) }
    if (!this.#inTransactions) {
      if (instance.hasStarted || !isFirst) epoch.claim(this.#now)
      instance.hasStarted = true
    }
    this.#owner = { instance, epoch }
    this.#term++
  }

  #write(count: number): void {
    const { instance, epoch } = this.#owner!
    for (let i = 0; i < count; i++) {
      const write: Write = {
        offset: -1,
        isValid: true,
        key: `k${this.random(4)}`,
        headers: this.#inTransactions ? [] : epoch.headers,
        producerId: this.#inTransactions ? -1 : instance.producerId,
        term: this.#term,
      }
      const isLate = !this.#inTransactions && (instance.late.length > 0 || this.random(6) === 0)
      if (isLate) instance.late.push(write)
      else this.#append(write)
    }
    if (instance.late.length > 0) return
    epoch.repaired()
    instance.kept = { contained: this.#end - 1, numbers: new Map(epoch.numbers(KEY)) }
  }

  #deliver(instance: Instance): void {
    for (const write of instance.late.splice(0)) {
      write.isValid = write.term === this.#term
      this.#append(write)
    }
  }

  #append(write: Write): void {
    write.offset = this.#end++
    this.#log.push(write)
  }

  #restart(instance: Instance): void {
    instance.producerId = ++this.#producers
    instance.hasStarted = false
    instance.late = []
  }

  #switchGuarantee(): void {
    this.#inTransactions = !this.#inTransactions
    for (const instance of this.#instances) this.#restart(instance)
    this.#owner = undefined
  }

  /** After a day, nothing is still on its way. */
  #compact(): void {
    this.#now += 24 * HOUR_MS
    for (const instance of this.#instances) instance.late = []
    const last = new Map(this.#log.map(({ key, offset }) => [key, offset]))
    this.#log = this.#log.filter(({ key, offset }) => last.get(key) === offset)
  }
}

describe('random owners of a changelog', () => {
  it('lose no valid write in a restore, from local state or without any', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const changelog = new Changelog(randomFrom(seed))
      for (let step = 0; step < STEPS; step++) changelog.step()
      expect({ seed, lost: changelog.lost() }).toEqual({ seed, lost: [] })
    }
  })
})
