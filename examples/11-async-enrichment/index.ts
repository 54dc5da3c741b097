import { run } from '../run'
import { locateWith, startLocationService } from './location-service'
import { asyncEnrichment } from './topology'

const service = startLocationService()
run(asyncEnrichment(locateWith(service)), 'async-enrichment', undefined, { processingGuarantee: 'exactly_once' })
