import { run } from '../run'
import { orderEnrichment } from './topology'

run(orderEnrichment(), 'order-enrichment')
