import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { MemoryClient } from '../../../../lib/kafka/memory/client'
import { EmbeddedApps } from '../../../support/embedded-apps'

describe('the interval between fetches', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1 })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await apps.close()
  })

  it.each([
    ['is none under at-least-once, whose results are read at once', 'at_least_once', '500ms', 0],
    ['is a twentieth of the commit interval under exactly-once', 'exactly_once', '100ms', 5],
    ['is 25 ms at most', 'exactly_once', '5s', 25],
  ] as const)('%s', async (_, processingGuarantee, commitInterval, minIntervalMs) => {
    const fetcher = jest.spyOn(MemoryClient.prototype, 'fetcher')
    const builder = new StreamsBuilder()
    builder.stream('in').foreach(() => {})
    await apps.create(builder.build(), { processingGuarantee, commitInterval }).start()
    expect(fetcher.mock.calls.map(([config]) => config.minIntervalMs)).toContain(minIntervalMs)
  })
})
