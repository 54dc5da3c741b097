import { windowStoreContract } from './window-store'

for (const persistent of [true, false]) for (const cached of [true, false]) windowStoreContract({ persistent, cached })
