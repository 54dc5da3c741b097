import { serdes, StreamsBuilder, type Topology } from 'millrace'

export const topology = async (): Promise<Topology> => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: serdes.string(), value: serdes.string() }).to('out')
  return builder.build()
}

export const failing = (): Topology => {
  throw new Error('no settings')
}

export const other = 1
