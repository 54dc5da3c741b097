import { run } from '../run'
import { trendingWords } from './topology'

run(trendingWords(), 'windowed-reduce')
