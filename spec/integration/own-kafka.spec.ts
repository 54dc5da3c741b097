import { once } from 'node:events'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createKafkaJsClient } from '../../lib/kafka/kafkajs'
import type { KafkaClient } from '../../lib/kafka/port'
import { describeWithOwnKafka, startKafka } from '../support/kafka-broker'
import { App } from '../support/process'

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

describeWithOwnKafka('startKafka', () => {
  it('stops, kills and starts a broker on the same port and data', async () => {
    const cluster = await startKafka()
    const [broker] = cluster.brokers
    let client: KafkaClient | undefined
    try {
      client = createKafkaJsClient(cluster.clientConfig())
      await client.admin().createTopics([{ topic: 'kept', partitions: 1 }])
      await broker!.stop()
      expect(await isListening(broker!.port)).toBe(false)
      await broker!.start()
      await broker!.kill()
      expect(await isListening(broker!.port)).toBe(false)
      await broker!.start()
      expect(await client.admin().listTopics()).toEqual(['kept'])
    } finally {
      await client?.close()
      await cluster.close()
    }
    expect(await isListening(broker!.port)).toBe(false)
  })

  it('ends its broker when the process that started it is killed', async () => {
    const app = new App(resolve(__dirname, '../support/apps/kafka.ts'))
    const [, port] = await app.untilOutput(/kafka at 127\.0\.0\.1:(\d+)/, 120_000)
    expect(await isListening(Number(port))).toBe(true)
    await app.kill()
    while (await isListening(Number(port))) await setTimeout(100)
  })
})
