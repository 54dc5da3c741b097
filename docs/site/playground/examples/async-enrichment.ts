import { serdes, StreamsBuilder } from 'millrace'

interface Address {
  street: string
  city: string
}

// Stands in for a service that is asked over HTTP.
const countryOf = async (city: string): Promise<string> => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  const country = { London: 'United Kingdom', Zürich: 'Switzerland' }[city]
  if (country === undefined) throw new Error(`no country has a city called ${city}`)
  return country
}

// Up to 8 calls at a time, in order for each key. What fails twice goes to a topic for dead letters.
const builder = new StreamsBuilder()
builder
  .stream('addresses', { key: serdes.string(), value: serdes.json<Address>() })
  .mapValuesAsync(async (address) => ({ ...address, country: await countryOf(address.city) }), {
    name: 'find-country',
    concurrency: 8,
    timeout: '1s',
    retry: { attempts: 2 },
    onError: { deadLetter: 'addresses-not-found' },
    value: serdes.json<Address & { country: string }>(),
  })
  .to('addresses-with-country')

export const topology = builder.build()
