import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { SessionWindows } from '../../../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const counting = (kind: string): Topology => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', text).groupByKey(text)
  if (kind === 'window') grouped.windowedBy(TimeWindows.of({ size: '1m' })).count({ store: 'counts' })
  else if (kind === 'session') grouped.windowedBy(SessionWindows.of({ inactivityGap: '1m' })).count({ store: 'counts' })
  else grouped.count({ store: 'counts' })
  return builder.build()
}

describe('a changelog that a store of another kind has written', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ in: 1 })
  })
  afterEach(() => apps.close())

  it.each([
    ['key-value', 'window'],
    ['key-value', 'session'],
    ['window', 'session'],
    ['session', 'window'],
  ])('of a %s store is not restored into a %s store: the error names both causes and what to do', async (was, is) => {
    const before = apps.create(counting(was))
    await before.start()
    await apps.kafka.produce(
      'in',
      [{ key: 'some-customer-id', value: 'x', timestamp: Date.UTC(2026, 1, 3, 4, 5, 6) }],
      text,
    )
    const changelog = 'app-counts-changelog'
    const bytes = { key: serdes.bytes(), value: serdes.bytes() }
    await until(async () => {
      for await (const _record of apps.kafka.subscribe(changelog, bytes)) return true
      return false
    })
    await before.close()
    const after = apps.create(counting(is), { stateDir: apps.stateDir('elsewhere') })
    await expect(after.start()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringMatching(
        new RegExp(
          `store "counts" is a ${is} store, and its changelog ${changelog} has .* another kind by this name. Give`,
        ),
      ),
      location: { store: 'counts', topic: changelog, offset: 0 },
    })
  })
})
