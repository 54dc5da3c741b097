import { run } from '../run'
import { batchedEnrichment } from './batched-topology'
import { locateAllWith, locateWith, startLocationService } from './location-service'
import { asyncEnrichment } from './topology'

const service = startLocationService()
const topology = process.env.BATCH ? batchedEnrichment(locateAllWith(service)) : asyncEnrichment(locateWith(service))
run(topology, 'async-enrichment', undefined, { processingGuarantee: 'exactly_once' })
