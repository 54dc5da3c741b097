import * as serdes from '../../../lib/serdes'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { SessionWindows } from '../../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import { sessionStore } from '../../../lib/state/session/session-stores'
import { windowStore } from '../../../lib/state/window/window-stores'
import { EmbeddedApps, until } from '../../support/embedded-apps'
import { QueryInstance } from '../../support/query-instances'

const text = { key: serdes.string(), value: serdes.string() }
const long = { key: serdes.string(), value: serdes.long() }
const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`)
const perMinute = windowStore('per-minute', { ...long, windowSize: '1m', retention: '1h' })
const visits = sessionStore('visits', { ...long, retention: '1h' })

const counting = () => {
  const builder = new StreamsBuilder()
  const words = builder.stream('words', text).groupByKey()
  words.windowedBy(TimeWindows.of({ size: '1m' })).count(perMinute)
  words.windowedBy(SessionWindows.of({ inactivityGap: '1m' })).count(visits)
  return builder.build()
}

describe('scans of windows and sessions that another instance has', () => {
  let apps: EmbeddedApps
  let instances: QueryInstance[]

  beforeEach(async () => {
    apps = new EmbeddedApps({ words: 4 })
    await apps.kafka.produce(
      'words',
      KEYS.map((key) => ({ key, value: 'x', timestamp: 60_000 })),
    )
    instances = await Promise.all(
      ['a', 'b'].map((name) =>
        QueryInstance.create((config) => apps.create(counting(), { ...config, stateDir: apps.stateDir(name) })),
      ),
    )
    await Promise.all(instances.map(({ streams }) => streams.start()))
    await until(() =>
      instances.every(({ streams }) => streams.state === 'RUNNING' && streams.metadataForLocalTasks().length === 2),
    )
    await until(async () => {
      const committed = await Promise.all([0, 1, 2, 3].map((partition) => apps.committed('words', partition)))
      return committed.reduce((sum, offset) => sum + offset, 0) === KEYS.length
    })
  })
  afterEach(async () => {
    await Promise.all(instances.map((each) => each.close()))
    await apps.close()
  })

  it('have all windows, whoever is asked', async () => {
    for (const instance of instances) {
      const { lines } = await instance.get('/stores/per-minute/windows')
      expect(lines.at(-1)).toMatchObject({ end: { rows: KEYS.length, truncated: false } })
      const rows = await instance.streams.query(perMinute).all().toArray()
      expect(rows.map(([{ key, window }, value]) => [key, window.start, window.end, value]).sort()).toEqual(
        KEYS.map((key) => [key, 60_000, 120_000, 1]).sort(),
      )
    }
  })

  it('have all sessions, whoever is asked', async () => {
    for (const instance of instances) {
      const { lines } = await instance.get('/stores/visits/sessions')
      expect(lines.at(-1)).toMatchObject({ end: { rows: KEYS.length, truncated: false } })
      const rows = await instance.streams.query(visits).all().toArray()
      expect(rows.map(([{ key, window }, value]) => [key, window.start, window.end, value]).sort()).toEqual(
        KEYS.map((key) => [key, 60_000, 60_000, 1]).sort(),
      )
    }
  })
})
