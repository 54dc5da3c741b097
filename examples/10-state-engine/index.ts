import { run } from '../run'
import { logEngine } from './log-engine'
import { balances } from './topology'

run(balances(), 'balances', undefined, { stateEngine: logEngine() })
