import { run } from '../run'
import { anomalyDetection } from './topology'

run(anomalyDetection(), 'anomaly-detection')
