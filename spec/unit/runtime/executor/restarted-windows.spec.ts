import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { JoinWindows } from '../../../../lib/dsl/windows/join-windows'
import { SlidingWindows } from '../../../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

const WINDOWS = {
  hopping: TimeWindows.of({ size: 10, advance: 5 }),
  sliding: SlidingWindows.of({ timeDifference: 10 }),
}
type Kind = keyof typeof WINDOWS
type Emit = 'onWindowUpdate' | 'onWindowClose'
/** Records of both sides, by the end of their values. */
type Values = Readonly<Record<string, readonly (readonly [key: string, time: number])[]>>

/** `shouldRestoreAfterJoinRestart` of Kafka Streams' TimeWindowedKStreamIntegrationTest and SlidingWindowedKStreamIntegrationTest, with their results. */
describe('windows over a join of streams', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ left: 1, right: 1, out: 1 })
  })
  afterEach(() => apps.close())

  const joining = (kind: Kind, emit: Emit): Topology => {
    const builder = new StreamsBuilder()
    const windows = WINDOWS[kind]
    const grouped = builder
      .stream('left', text)
      .join(builder.stream('right', text), (left, right) => `${left},${right}`, JoinWindows.of({ timeDifference: 2 }))
      .groupByKey(text)
    const windowed =
      windows instanceof TimeWindows
        ? grouped.windowedBy(windows).emitStrategy(emit)
        : grouped.windowedBy(windows).emitStrategy(emit)
    windowed
      .aggregate(
        () => '0',
        (all, value) => `${all}+${value}`,
        { store: 'windows', ...text },
      )
      .toStream((_value, { key, window }) => `${key}@${window.start}`)
      .to('out', text)
    return builder.build()
  }

  const produce = (values: Values): Promise<void[]> =>
    Promise.all(
      ['left', 'right'].map((topic) =>
        apps.kafka.produce(
          topic,
          Object.entries(values).flatMap(([value, records]) =>
            records.map(([key, timestamp]) => ({ key, value: `${topic[0]!.toUpperCase()}${value}`, timestamp })),
          ),
          text,
        ),
      ),
    )

  const results = async (): Promise<string[]> =>
    (await apps.kafka.read('out', text)).map(({ key, value, timestamp }) => `${key} ${value} ${timestamp}`)

  const run = async (topology: Topology, inputs: number): Promise<void> => {
    const app = apps.create(topology, {
      emitInterval: 0,
      statestoreCacheMaxBytes: 0,
      windowStoreChangelogAdditionalRetention: Number.MAX_SAFE_INTEGER,
    })
    await app.start()
    await until(async () => {
      const committed = await Promise.all(['left', 'right'].map((topic) => apps.committed(topic, 0)))
      return committed.every((offset) => offset === inputs)
    })
    await app.close()
    await app.cleanUp()
  }

  const INPUTS: Record<Kind, readonly Values[]> = {
    hopping: [{ 1: [['A', 0], ['A', 5]], 2: [['B', 11], ['B', 15]], 3: [['C', 25]] }, { 3: [['C', 35]] }], // prettier-ignore
    sliding: [{ 1: [['A', 0]], 2: [['A', 5]], 3: [['B', 11]], 4: [['B', 15]], 5: [['C', 25]] }, { 6: [['C', 35]] }], // prettier-ignore
  }
  /** Before and after the restart. */
  const RESULTS: Record<Kind, Record<Emit, readonly string[][]>> = {
    hopping: {
      onWindowClose: [
        ['A@0 0+L1,R1+L1,R1 5', 'A@5 0+L1,R1 5', 'B@5 0+L2,R2 11', 'B@15 0+L2,R2 15'],
        ['C@25 0+L3,R3 25'],
      ],
      onWindowUpdate: [
        [
          ...['A@0 0+L1,R1 0', 'A@0 0+L1,R1+L1,R1 5', 'A@5 0+L1,R1 5'],
          ...['B@5 0+L2,R2 11', 'B@10 0+L2,R2 11', 'B@10 0+L2,R2+L2,R2 15', 'B@15 0+L2,R2 15'],
          ...['C@20 0+L3,R3 25', 'C@25 0+L3,R3 25'],
        ],
        ['C@30 0+L3,R3 35', 'C@35 0+L3,R3 35'],
      ],
    },
    sliding: {
      onWindowClose: [
        ['A@0 0+L1,R1+L2,R2 5', 'A@1 0+L2,R2 5', 'B@1 0+L3,R3 11', 'B@5 0+L3,R3+L4,R4 15', 'B@12 0+L4,R4 15'],
        ['C@15 0+L5,R5 25'],
      ],
      onWindowUpdate: [
        [
          ...['A@0 0+L1,R1 0', 'A@1 0+L2,R2 5', 'A@0 0+L1,R1+L2,R2 5'],
          ...['B@1 0+L3,R3 11', 'B@12 0+L4,R4 15', 'B@5 0+L3,R3+L4,R4 15', 'C@15 0+L5,R5 25'],
        ],
        ['C@26 0+L6,R6 35', 'C@25 0+L5,R5+L6,R6 35'],
      ],
    },
  }

  it.each([
    ['hopping', 'onWindowClose'],
    ['hopping', 'onWindowUpdate'],
    ['sliding', 'onWindowClose'],
    ['sliding', 'onWindowUpdate'],
  ] as const)('continue after a restore from the changelogs: %s, %s', async (kind, emit) => {
    const topology = joining(kind, emit)
    const [before, after] = INPUTS[kind]
    await produce(before!)
    await run(topology, 5)
    const first = await results()
    await produce(after!)
    await run(topology, 6)
    expect([first, (await results()).slice(first.length)]).toEqual(RESULTS[kind][emit])
  })
})
