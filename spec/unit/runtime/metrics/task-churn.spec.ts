import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { InstanceSensors } from '../../../../lib/observe/metrics/instance-sensors'
import type { Metric } from '../../../../lib/observe/metrics/metric'
import { taskMetrics } from '../../../../lib/runtime/metrics/task-metrics'
import * as serdes from '../../../../lib/serdes'
import { ChangeFeeds, TaskChanges } from '../../../../lib/state/changes/change-feeds'
import { keyValueStore } from '../../../../lib/state/stores'
import { fetched, taskOf } from '../processing/processing-under-test'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const TIMES = 1000
const input = { topic: 'in', partition: 0 }

const counting = () => {
  const builder = new StreamsBuilder()
  const text = { key: serdes.string(), value: serdes.string() }
  const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long(), caching: true })
  const long = { key: serdes.string(), value: serdes.long() }
  builder.stream('in', text).groupByKey().count(counts).toStream().to('out', long)
  return builder.build()
}

/** Of what is kept for longer than until the garbage is collected. */
const alive = async (refs: readonly WeakRef<object>[]): Promise<number> => {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}

describe(`a task that comes and goes ${TIMES} times`, () => {
  it('leaves no sensors, stores or cache entries behind, and has the same metrics each time', async () => {
    const thread = new InstanceSensors('debug', () => 0).thread()
    const cache = { maxBytes: 1 << 20, usedBytes: 0 }
    const topology = counting()
    const refs: WeakRef<object>[] = []
    const names: string[] = []
    const comeAndGo = async (): Promise<void> => {
      const sensors = thread.task()
      const { task, stores } = await taskOf(topology, [input], {}, { cache, sensors })
      task.initialize(new Map())
      task.addRecords(fetched(input, [{ offset: 0, key: 'a', value: 'x' }]))
      task.process()
      const metrics: Metric[] = []
      taskMetrics(metrics, { taskId: '0_0', threadId: 't', processing: task, stores, threadProcessMs: 0 })
      names.push(metrics.map(({ name, tags }) => `${name} ${JSON.stringify(tags)}`).join())
      await task.close()
      await stores.close('dirty')
      refs.push(new WeakRef(sensors), new WeakRef(task), new WeakRef(stores))
    }
    for (let i = 0; i < TIMES; i++) await comeAndGo()
    expect(new Set(names).size).toBe(1)
    expect(cache.usedBytes).toBe(0)
    // the last ones may still be on the stack
    expect(await alive(refs)).toBeLessThan(10)
  })

  it('leaves nothing with those who listen to its changes', async () => {
    const feeds = new ChangeFeeds()
    const gaps: string[] = []
    const end = feeds.of('counts').listen({ changed: () => {}, gap: (_, reason) => gaps.push(reason) })
    const refs: WeakRef<object>[] = []
    const comeAndGo = (): void => {
      const changes = new TaskChanges(feeds, 0, ['counts'])
      changes.start()
      changes.log('counts')!.add(Buffer.from('a'), 0, 0, null, 0)
      changes.stop()
      refs.push(new WeakRef(changes), new WeakRef(changes.log('counts')!))
    }
    for (let i = 0; i < TIMES; i++) comeAndGo()
    expect(gaps).toHaveLength(2 * TIMES)
    expect(await alive(refs)).toBeLessThan(10)
    end()
  })
})
