import { run } from '../run'
import { pageViewsPerRegion } from './topology'

run(pageViewsPerRegion(), 'page-views-per-region')
