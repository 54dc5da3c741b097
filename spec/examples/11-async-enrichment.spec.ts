import { once } from 'node:events'
import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { batchedEnrichment } from '../../examples/11-async-enrichment/batched-topology'
import { locateAllWith, locateWith, startLocationService } from '../../examples/11-async-enrichment/location-service'
import {
  type Address,
  asyncEnrichment,
  type LocatedAddress,
  type Locate,
  UnknownAddress,
} from '../../examples/11-async-enrichment/topology'

let driver: TopologyTestDriver
afterEach(() => driver.close())

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const pipe = async (locate: Locate, ...addresses: Address[]): Promise<[string | null, LocatedAddress | null][]> => {
  driver = new TopologyTestDriver(asyncEnrichment(locate), { logger })
  const input = driver.inputTopic<string, Address>('addresses', { key: serdes.string(), value: serdes.json() })
  for (const address of addresses) await input.pipe('ann', address)
  return driver.outputTopic<string, LocatedAddress>('located-addresses').readKeyValues()
}
const porto = { street: 'Rua das Flores 1', city: 'Porto' }

test('11-async-enrichment adds the location that the service answers', async () => {
  expect(await pipe(async () => ({ latitude: 41, longitude: -8 }), porto)).toEqual([
    ['ann', { ...porto, latitude: 41, longitude: -8 }],
  ])
})

test('11-async-enrichment asks a busy service again', async () => {
  let calls = 0
  const locate = async (): ReturnType<Locate> => {
    if (++calls < 3) throw new Error('busy')
    return { latitude: 41, longitude: -8 }
  }
  expect(await pipe(locate, porto)).toHaveLength(1)
  expect(calls).toBe(3)
})

test('11-async-enrichment sends an unknown address to a dead letter topic at once', async () => {
  let calls = 0
  const locate = async (): ReturnType<Locate> => {
    calls++
    throw new UnknownAddress('there is none')
  }
  expect(await pipe(locate, porto)).toEqual([])
  expect(calls).toBe(1)
  expect(driver.outputTopic('addresses-not-located').readKeyValues()).toEqual([['ann', porto]])
})

test('11-async-enrichment works with its service', async () => {
  const service = startLocationService()
  await once(service, 'listening')
  const addresses = Array.from({ length: 12 }, (_, i) => ({ street: 'x'.repeat(i), city: 'Porto' }))
  const located = await pipe(locateWith(service), ...addresses)
  expect(located.map(([, address]) => address)).toEqual(
    addresses.slice(1).map((address) => ({ ...address, latitude: address.street.length, longitude: 5 })),
  )
  service.close()
})

test('11-async-enrichment with batches sends the addresses that are unknown to the dead letter topic, and locates the others', async () => {
  const service = startLocationService()
  await once(service, 'listening')
  driver = new TopologyTestDriver(batchedEnrichment(locateAllWith(service)), { logger })
  const input = driver.inputTopic<string, Address>('addresses', { key: serdes.string(), value: serdes.json() })
  await input.pipe('ann', porto)
  await input.pipe('bob', { street: '', city: 'Porto' })
  await driver.advanceWallClockTime('20ms')
  expect(driver.outputTopic('located-addresses').readKeyValues()).toEqual([
    ['ann', { ...porto, latitude: porto.street.length, longitude: 5 }],
  ])
  expect(driver.outputTopic('addresses-not-located').readKeyValues()).toEqual([['bob', { street: '', city: 'Porto' }]])
  service.close()
})
