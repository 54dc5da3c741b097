import { run } from '../run'
import { fraudDetection } from './topology'

run(fraudDetection(), 'fraud-detection')
