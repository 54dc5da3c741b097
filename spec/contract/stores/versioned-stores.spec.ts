import { versionedStoreContract } from './versioned-store'

for (const persistent of [true, false]) versionedStoreContract(persistent)
