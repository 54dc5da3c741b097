import { KafkaAdmin } from '../../../../../lib/kafka/kafkajs/admin/admin'
import { KafkaConnection } from '../../../../../lib/kafka/kafkajs/connection/connection'
import { errorFromCode } from '../../../../../lib/kafka/kafkajs/protocol/errors'
import type { Frame } from '../../../../../lib/kafka/kafkajs/protocol/frame'
import { WireReader, WireWriter } from '../../../../../lib/kafka/kafkajs/protocol/wire'
import { ClientError } from '../../../../../lib/kafka/port'
import { silentLogger } from '../../../../../lib/observe/logger'

const UNKNOWN_TOPIC = 3
const REQUEST_TIMED_OUT = 7
const NOT_CONTROLLER = 41
const TOPIC_AUTHORIZATION_FAILED = 29
const GROUP_ID_NOT_FOUND = 69

/** The error code of each name, or the failure of the request. */
type Answer = Record<string, number> | ClientError

const lost = new ClientError('retriable', 'the connection was closed', 'NETWORK_EXCEPTION')

class ScriptedController extends KafkaConnection {
  readonly asked: string[][] = []

  constructor(private readonly answers: Answer[]) {
    const kafka = { brokers: ['127.0.0.1:1'], retry: { initialRetryTime: 1, maxRetryTime: 1, retries: 5 } }
    super({ kafka, logger: silentLogger, role: 'test' })
  }

  override async sendToController<T>(frame: Frame<T>): Promise<T> {
    return this.respond(frame)
  }

  override async sendToCoordinator<T>(_kind: string, _key: string, frame: Frame<T>): Promise<T> {
    return this.respond(frame)
  }

  private respond<T>(frame: Frame<T>): T {
    const reader = new WireReader(frame.encode().buffer)
    const names = reader.array(() => reader.string())
    this.asked.push(names)
    const answer = this.answers.shift()!
    if (answer instanceof ClientError) throw answer
    const writer = new WireWriter().int32(0)
    writer.array(names, (name) => writer.string(name).int16(answer[name] ?? 0))
    return frame.decode(writer.buffer)
  }
}

describe('an admin deletes topics', () => {
  it('and takes those that are gone after a lost answer as deleted', async () => {
    const controller = new ScriptedController([lost, { a: UNKNOWN_TOPIC, b: UNKNOWN_TOPIC }])
    await new KafkaAdmin(controller).deleteTopics(['a', 'b'])
    expect(controller.asked).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('and asks again for those alone whose deletion the controller did not see finished', async () => {
    const controller = new ScriptedController([{ b: REQUEST_TIMED_OUT }, { b: UNKNOWN_TOPIC }])
    await new KafkaAdmin(controller).deleteTopics(['a', 'b'])
    expect(controller.asked).toEqual([['a', 'b'], ['b']])
  })

  it('and rejects with a topic that was missing from the start, after it has deleted the others', async () => {
    const controller = new ScriptedController([{ a: UNKNOWN_TOPIC, b: REQUEST_TIMED_OUT }, {}])
    await expect(new KafkaAdmin(controller).deleteTopics(['a', 'b'])).rejects.toMatchObject({
      kind: 'unknownTopic',
      message: expect.stringContaining('deleting topic a') as string,
    })
    expect(controller.asked).toEqual([['a', 'b'], ['b']])
  })

  it('and rejects with a missing topic after a broker that is not the controller was asked', async () => {
    const controller = new ScriptedController([{ a: NOT_CONTROLLER }, { a: UNKNOWN_TOPIC }])
    await expect(new KafkaAdmin(controller).deleteTopics(['a'])).rejects.toMatchObject({ kind: 'unknownTopic' })
  })

  it('and rejects with what is refused after a lost answer', async () => {
    const controller = new ScriptedController([lost, { a: TOPIC_AUTHORIZATION_FAILED }])
    await expect(new KafkaAdmin(controller).deleteTopics(['a'])).rejects.toMatchObject({ kind: 'authorization' })
  })
})

describe('an admin deletes a group', () => {
  it('and takes one that is gone after a lost answer as deleted', async () => {
    const coordinator = new ScriptedController([lost, { g: GROUP_ID_NOT_FOUND }])
    await new KafkaAdmin(coordinator).deleteGroup('g')
    expect(coordinator.asked).toEqual([['g'], ['g']])
  })

  it('and rejects with one that was missing when its coordinator was found', async () => {
    const loading = errorFromCode(14, 'asking')
    const coordinator = new ScriptedController([loading, { g: GROUP_ID_NOT_FOUND }])
    await expect(new KafkaAdmin(coordinator).deleteGroup('g')).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  })
})
