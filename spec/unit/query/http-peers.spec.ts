import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpPeers } from '../../../lib/query/http-peers'
import type { CatalogStore } from '../../../lib/query/store-catalog'
import * as serdes from '../../../lib/serdes'

test('an instance whose server does not know the path is reported with its status, and with what to check', async () => {
  // as a web framework answers where the handler is not mounted
  const server = createServer((_, response) => {
    response.writeHead(404).end('{"statusCode":404,"error":"Not Found","message":"Route GET:/metadata not found"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const peers = new HttpPeers()
  try {
    const options = { allowStale: false, local: false, timeoutMs: 60_000, peers: {} }
    await expect(peers.json({ host: '127.0.0.1', port }, '/metadata', options)).rejects.toMatchObject({
      code: 'INSTANCE_UNREACHABLE',
      message: expect.stringMatching(
        /: it refused with status 404\. Check that .* under the path of the query's peers, /,
      ),
    })
  } finally {
    peers.close()
    await new Promise((resolve) => server.close(resolve))
  }
})

test('another instance is asked with the isolation of the query', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    response.writeHead(200).end('{"value":null,"partition":0,"position":{},"stale":false}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const peers = new HttpPeers()
  try {
    const store = { name: 'counts', topic: 'counts', keySerde: serdes.string() } as unknown as CatalogStore
    const options = { timeoutMs: 60_000, peers: {} }
    const host = { host: '127.0.0.1', port }
    await peers.point(host, store, { kind: 'get', key: 'a' }, 0, { ...options, isolation: 'committed' })
    await peers.point(host, store, { kind: 'get', key: 'a' }, 0, options)
    expect(asked).toEqual([
      '/stores/counts/keys/YQ?format=bytes&isolation=committed&partitions=0',
      '/stores/counts/keys/YQ?format=bytes&partitions=0',
    ])
  } finally {
    peers.close()
    await new Promise((resolve) => server.close(resolve))
  }
})
