import { run } from '../run'
import { deduplication } from './topology'

run(deduplication(), 'deduplication')
