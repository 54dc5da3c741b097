import { run } from '../run'
import { sensorAverages } from './topology'

run(sensorAverages(), 'sensor-averages')
