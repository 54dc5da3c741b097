import { run } from '../run'
import { stateMachine } from './topology'

run(stateMachine(), 'state-machine')
