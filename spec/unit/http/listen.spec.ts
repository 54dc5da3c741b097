import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { listen } from '../../../lib/http'
import { KafkaStreams } from '../../../lib/runtime/kafka-streams'

const idle = (): KafkaStreams => {
  const builder = new StreamsBuilder()
  builder.stream('in').to('out')
  return new KafkaStreams(builder.build(), { applicationId: 'app', kafka: { brokers: ['127.0.0.1:1'] } })
}

describe('a server that can not listen says why, and what to do', () => {
  let taken: Server

  beforeEach(async () => {
    taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => taken.close(resolve))
  })

  it('where the port is in use', async () => {
    const { port } = taken.address() as AddressInfo
    await expect(listen(idle(), { port })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(
        /^can't listen at 127\.0\.0\.1:\d+: .+EADDRINUSE.+give each its own port/,
      ) as string,
      location: { host: `127.0.0.1:${port}` },
      cause: { code: 'EADDRINUSE' },
    })
  })

  it('where the address is that of another machine', async () => {
    await expect(listen(idle(), { port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('This machine does not have the address') as string,
    })
  })
})
