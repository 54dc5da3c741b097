import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KafkaConfig } from '../../../lib/kafka/kafkajs'
import { EmbeddedKafka } from '../../../lib/kafka/memory'
import { ClientError } from '../../../lib/kafka/port'
import { CommandLine } from '../../support/command-line-interface'

describe('the connection of a command', () => {
  const kafka = new EmbeddedKafka()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  const file = join(folder, 'kafka.json')

  afterAll(async () => {
    await kafka.close()
    rmSync(folder, { recursive: true })
  })

  const connection = async (env: Record<string, string>, ...args: string[]): Promise<KafkaConfig | undefined> => {
    const cli = new CommandLine(kafka, { env, cwd: folder })
    expect(await cli.run('groups', 'list', ...args)).toMatchObject({ code: 0 })
    return cli.connections[0]
  }

  it('goes to the brokers of the option, of the environment, of the file, or of this machine', async () => {
    writeFileSync(file, JSON.stringify({ brokers: ['file:1'], ssl: true, sasl: { mechanism: 'plain' } }))
    const env = { KAFKA_BOOTSTRAP_SERVERS: 'env:1,env:2' }
    expect(await connection(env, '--bootstrap-servers', 'a:1, b:2')).toMatchObject({ brokers: ['a:1', 'b:2'] })
    expect(await connection(env, '--config', 'kafka.json')).toMatchObject({ brokers: ['env:1', 'env:2'], ssl: true })
    expect(await connection({ MILLRACE_KAFKA_CONFIG: file })).toMatchObject({
      brokers: ['file:1'],
      ssl: true,
      sasl: { mechanism: 'plain' },
    })
    expect(await connection({})).toMatchObject({ brokers: ['localhost:9092'], retry: { retries: 5 } })
  })

  it('refuses brokers that are not written as host and port, and says where they are from', async () => {
    const refused = async (env: Record<string, string>, ...args: string[]): Promise<{ code: number; err: string }> => {
      const cli = new CommandLine(kafka, { env, cwd: folder })
      const ended = await cli.run('groups', 'list', ...args)
      expect(cli.connections).toEqual([])
      return ended
    }
    expect(await refused({}, '--bootstrap-servers', 'a:1,SASL_SSL://b:2')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--bootstrap-servers has 'SASL_SSL:\/\/b:2': write 'b:2', without SASL_SSL:/),
    })
    expect(await refused({ KAFKA_BOOTSTRAP_SERVERS: 'a' })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/KAFKA_BOOTSTRAP_SERVERS has 'a': the port is missing/),
    })
    writeFileSync(file, JSON.stringify({ brokers: ['http://a:1'] }))
    expect(await refused({}, '--config', 'kafka.json')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/brokers of --config has 'http:\/\/a:1': write 'a:1'/),
    })
    writeFileSync(file, JSON.stringify({ brokers: 'a:1,b:2' }))
    expect(await refused({}, '--config', 'kafka.json')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/brokers of --config is no list of texts: write "brokers": \["host:port"\]/),
    })
  })

  it('refuses a file that is not there or no JSON, without quoting it', async () => {
    const cli = new CommandLine(kafka, { cwd: folder })
    writeFileSync(file, '{ "password": "secret" ')
    const broken = await cli.run('groups', 'list', '--config', 'kafka.json')
    expect(broken).toMatchObject({ code: 2, err: expect.stringMatching(/--config .*kafka\.json is not a JSON object/) })
    expect(broken.err).not.toContain('secret')
    expect(await cli.run('groups', 'list', '--config', 'none.json')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--config: there is no file .*none\.json\n/),
    })
  })

  it.each([
    [
      'retriable',
      'NETWORK_EXCEPTION',
      'no broker could be reached: x',
      /^millrace: no broker could be reached: x; check --bootstrap-servers and the network \(KAFKA_UNAVAILABLE\)$/m,
      'check `kafka.brokers` and the network',
    ],
    [
      'retriable',
      'ECONNRESET',
      'no broker could be reached: x',
      /x; check --bootstrap-servers and the network, and that ssl and sasl in the file of --config are those of its port \(KAFKA_UNAVAILABLE\)$/m,
      'check `kafka.brokers` and the network, and that `kafka.ssl` and `kafka.sasl` are those of its port',
    ],
    [
      'retriable',
      'REQUEST_TIMED_OUT',
      'listing groups: slow',
      /^millrace: listing groups: slow \(KAFKA_UNAVAILABLE\)$/m,
      undefined,
    ],
    [
      'authorization',
      'GROUP_AUTHORIZATION_FAILED',
      'listing groups: no',
      /An ACL is missing for this principal \(NOT_AUTHORIZED\)/,
      undefined,
    ],
    [
      'authorization',
      'SASL_AUTHENTICATION_FAILED',
      'bad password',
      /^millrace: bad password\. Check sasl and ssl in the file of --config \(NOT_AUTHORIZED\)$/m,
      'check `kafka.sasl`',
    ],
    ['invalid', 'INVALID_REQUEST', 'no', /no \(KAFKA_FAILED\)/, undefined],
  ] as const)(
    'reports %s failures (%s) with a code and the next step',
    async (kind, code, message, expected, nextStep) => {
      const closed: string[] = []
      const cli = new CommandLine(kafka, {
        connect: () => {
          const client = kafka.client()
          const admin = client.admin()
          admin.listGroups = () => Promise.reject(new ClientError(kind, message, code, undefined, { nextStep }))
          const close = client.close.bind(client)
          client.close = () => {
            closed.push(code)
            return close()
          }
          client.admin = () => admin
          return client
        },
      })
      const { code: exit, err } = await cli.run('groups', 'list')
      expect(exit).toBe(1)
      expect(err).toMatch(expected)
      expect(closed).toEqual([code])
    },
  )
})
