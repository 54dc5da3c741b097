import { keyValueStoreContract } from './key-value-store'

const both = [true, false]
for (const timestamped of both)
  for (const persistent of both)
    for (const cached of both)
      for (const logged of both) keyValueStoreContract({ timestamped, persistent, cached, logged })
