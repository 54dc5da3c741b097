import { sessionStoreContract } from './session-store'

for (const persistent of [true, false]) for (const cached of [true, false]) sessionStoreContract({ persistent, cached })
