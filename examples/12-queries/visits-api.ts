import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RecordProducer, serdes, StreamsError } from 'millrace'
import type { RequestHandler } from 'millrace/http'

/** What the API writes, as the topology reads it. */
export const written = { visits: { key: serdes.string(), value: serdes.string() } }

const MOST_BYTES = 1024

/**
 * `POST /visits` writes the page in its body to the topic that the topology reads, and answers with the offset; `queries` answers
 * everything else.
 */
export const visitsApi =
  (producer: RecordProducer<typeof written>, queries: RequestHandler): RequestHandler =>
  async (request, response) => {
    if (request.method !== 'POST' || request.url !== '/visits') return queries(request, response)
    try {
      const page = await textOf(request)
      if (page === '') return answer(response, 400, { error: 'the body is the page that was visited' })
      const visitor = request.headers['x-visitor']
      const { partition, offset } = await producer.send('visits', typeof visitor === 'string' ? visitor : null, page)
      answer(response, 201, { partition, offset })
    } catch (error) {
      const code = error instanceof StreamsError ? error.code : 'FAILED'
      answer(response, code === 'TIMEOUT' || code === 'KAFKA_UNAVAILABLE' ? 503 : 500, { error: code })
    }
  }

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_BYTES) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8').trim()
}

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
