import { connect } from '../../lib/kafka/client'
import type { Admin, KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { FakeSchemaRegistry } from '../support/fake-schema-registry'
import type { Contestants } from './contestants'
import { processListeningOn } from './process-stats'

/** Where contests take place: a broker and who is at it. */
export class Arena {
  private constructor(
    readonly servers: string,
    readonly contestants: Contestants,
    readonly client: KafkaClient,
    readonly admin: Admin,
    readonly registry: FakeSchemaRegistry,
    /** Undefined where the broker is on another machine. */
    readonly brokerPid: number | undefined,
  ) {}

  static async open(servers: string, contestants: Contestants): Promise<Arena> {
    const brokers = servers.split(',')
    const client = connect({ brokers }, { clientId: 'bench', logger: silentLogger })
    const port = Number(brokers[0]!.split(':').at(-1))
    const registry = await FakeSchemaRegistry.start()
    return new Arena(servers, contestants, client, client.admin(), registry, processListeningOn(port))
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.registry.stop()
  }
}
