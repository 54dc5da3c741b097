import { run } from '../run'
import { topProducts } from './topology'

run(topProducts(), 'top-products')
