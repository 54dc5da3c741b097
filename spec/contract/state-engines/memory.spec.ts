import { memoryEngine } from 'millrace'
import { stateEngineContract } from 'millrace/testing/contracts'

stateEngineContract({ describe, test, beforeEach, afterEach }, { engine: memoryEngine() })
