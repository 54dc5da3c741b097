import { EmbeddedApps } from '../../support/embedded-apps'
import { everyKindOfStore, sessions, topics, versions, windows } from '../../support/every-kind-of-store'

/** What plain JavaScript may pass for a time. */
const noTime = (value: unknown): number => value as number

describe('a query refuses a time that is none, in place of answering with nothing', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps(topics)
  })
  afterEach(() => apps.close())

  it.each([null, NaN, '5'])('%p', async (value) => {
    const streams = apps.create(everyKindOfStore())
    await apps.kafka.produce('rates', [{ key: 'EUR', value: '1.1' }])
    await streams.start()
    const time = noTime(value)
    const windowed = streams.query(windows)
    const session = streams.query(sessions)
    const calls: ReadonlyArray<() => unknown> = [
      () => streams.query(versions).get('a', time),
      () => streams.query(versions).versions('a', { from: time }),
      () => windowed.fetch('a', time),
      () => windowed.fetch('a', 0, time),
      () => windowed.fetchRange('a', 'b', time, 9),
      () => windowed.fetchAll(0, time),
      () => session.fetchSession('a', 0, time),
      () => session.findSessions('a', time, 9),
      () => session.findSessionsRange('a', 'b', 0, time),
      () => session.findAllSessions(time, 9),
    ]
    for (const call of calls) {
      await expect((async () => call())()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})
