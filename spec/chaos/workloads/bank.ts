import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  serdes,
  StreamRecord,
} from '../../../lib'
import { repeatedOrUnknown, tally, type Workload } from './workload'

export const ACCOUNTS: readonly string[] = Array.from({ length: 40 }, (_, i) => `account ${i}`)

export interface Transfer {
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** What one transfer does to one account. */
interface Side {
  readonly transfer: string
  readonly change: number
}

/** A side, and the balance after it. */
export interface Entry extends Side {
  readonly balance: number
}

const OPENING_BALANCE = 1000

const balances = keyValueStore('balances', { key: serdes.string(), value: serdes.long() })

class Ledger implements Processor<string, Side, string, Entry> {
  private context!: ProcessorContext<string, Entry>
  private store!: KeyValueStore<string, number>

  init(context: ProcessorContext<string, Entry>): void {
    this.context = context
    this.store = context.stateStore(balances)
  }

  process({ key, value, timestamp, headers }: StreamRecord<string, Side>): void {
    const balance = (this.store.get(key) ?? OPENING_BALANCE) + value.change
    this.store.put(key, balance)
    this.context.forward(new StreamRecord(key, { ...value, balance }, timestamp, headers))
  }
}

const nameOf = (account: string, transfer: string): string => `transfer ${transfer} in ${account}`

const expectedSides = (transfers: readonly { readonly key: string | null; readonly value: string | null }[]) =>
  new Set(
    transfers.flatMap(({ key, value }) => {
      const { from, to } = JSON.parse(value!) as Transfer
      return [nameOf(from, key!), nameOf(to, key!)]
    }),
  )

/**
 * Transfers between accounts, each taken from one and given to the other. Each is applied once to both, every balance
 * follows from the one before it, and no money appears or vanishes.
 */
export const bank: Workload = {
  name: 'bank',
  guarantee: 'exactly_once',
  inputs: ['transfers'],
  output: 'ledger',
  store: balances,

  build(builder, topic) {
    const side = serdes.json<Side>()
    builder
      .stream(topic('transfers'), { key: serdes.string(), value: serdes.json<Transfer>() })
      .flatMap(({ from, to, amount }, transfer): Array<[string, Side]> => [
        [from, { transfer, change: -amount }],
        [to, { transfer, change: amount }],
      ])
      .repartition({ name: 'sides', key: serdes.string(), value: side })
      .process<string, Entry>(() => new Ledger(), [balances])
      .to(topic('ledger'), { key: serdes.string(), value: serdes.json<Entry>() })
  },

  missing({ inputs, output }) {
    const seen = new Set(output.map(({ key, value }) => nameOf(key!, (JSON.parse(value!) as Entry).transfer)))
    return [...expectedSides(inputs.get('transfers')!)].filter((side) => !seen.has(side))
  },

  wrong({ inputs, output }) {
    const entries = output.map(({ key, value }) => ({ account: key!, ...(JSON.parse(value!) as Entry) }))
    const seen = tally(entries.map(({ account, transfer }) => nameOf(account, transfer)))
    const findings = repeatedOrUnknown(seen, expectedSides(inputs.get('transfers')!))
    const last = new Map(ACCOUNTS.map((account) => [account, OPENING_BALANCE]))
    for (const { account, transfer, change, balance } of entries) {
      const before = last.get(account)!
      if (balance !== before + change) {
        findings.push(`${nameOf(account, transfer)} makes ${balance} of ${before}, a change by ${change}`)
      }
      last.set(account, balance)
    }
    const total = [...last.values()].reduce((sum, balance) => sum + balance, 0)
    const opening = ACCOUNTS.length * OPENING_BALANCE
    if (total !== opening) findings.push(`all balances add up to ${total}, not ${opening}`)
    return findings
  },

  wrongState({ output }, state) {
    const last = new Map(output.map(({ key, value }) => [key!, (JSON.parse(value!) as Entry).balance]))
    return [...last].flatMap(([account, balance]) =>
      state.get(account) === balance ? [] : [`the balance of ${account} is ${state.get(account)}, not ${balance}`],
    )
  },
}
