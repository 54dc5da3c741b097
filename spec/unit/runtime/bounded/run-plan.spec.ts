import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { encodeCommitMetadata, type TaskRest } from '../../../../lib/runtime/processing/commit-metadata'
import { Bounds } from '../../../../lib/runtime/bounded/bounds'
import { planRun, type RunPlan } from '../../../../lib/runtime/bounded/run-plan'
import { stageProgress } from '../../../../lib/runtime/bounded/stage-progress'
import { resolveConfig } from '../../../../lib/config/config'
import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import * as serdes from '../../../../lib/serdes'
import { compileTopology } from '../../../../lib/topology/compile/compile-topology'

const text = { key: serdes.string(), value: serdes.string() }
const config = resolveConfig({ applicationId: 'app', kafka: new EmbeddedKafka() })

const planOf = (build: (builder: StreamsBuilder) => void, counts: Record<string, number>): RunPlan => {
  const builder = new StreamsBuilder()
  build(builder)
  return planRun(compileTopology(builder.build().definition, config), new Map(Object.entries(counts)))
}

const ids = ({ stages }: RunPlan): string[][] => stages.map(({ tasks }) => [...tasks.keys()])

const chain = (): RunPlan =>
  planOf(
    (builder) => {
      const first = builder.stream('in', text).selectKey((value) => value)
      first.repartition({ name: 'middle', ...text }).to('out', text)
    },
    { in: 2 },
  )

describe('the plan of a bounded run', () => {
  it('has a stage for each sub-topology, after those that write to its repartition topics', () => {
    const plan = chain()
    expect(ids(plan)).toEqual([
      ['0_0', '0_1'],
      ['1_0', '1_1'],
    ])
    expect(plan.stages[1]!.upstream).toEqual([plan.stages[0]])
    expect(plan.inputs).toEqual([0, 1].map((partition) => ({ topic: 'in', partition })))
    expect([...plan.ownTopics]).toEqual(['app-middle-repartition'])
    expect(plan.ownInputs).toEqual([0, 1].map((partition) => ({ topic: 'app-middle-repartition', partition })))
  })

  it('has one stage for sub-topologies that write to each other', () => {
    const plan = planOf(
      (builder) => {
        const joined = builder.table('left', text).join(
          builder.table('right', text),
          (value) => value,
          (a, b) => a + b,
        )
        joined
          .toStream()
          .selectKey((value) => value)
          .repartition({ name: 'after', ...text })
          .to('out', text)
      },
      { left: 1, right: 1 },
    )
    expect(ids(plan)).toEqual([['0_0', '1_0'], ['2_0']])
  })
})

describe('how far a bounded run is', () => {
  const plan = chain()
  const bounds = new Bounds(plan.ownTopics)
  bounds.set(new Map([['in-0', 5], ['in-1', 0]])) // prettier-ignore
  const ownEnds = new Map([['app-middle-repartition-0', 3], ['app-middle-repartition-1', 0]]) // prettier-ignore

  const progress = (committed: Record<string, [number, TaskRest | undefined]>, final = false): unknown[] => {
    const offsets = Object.entries(committed).map(([key, [offset, rest]]) => {
      const name = key.replace('middle', 'app-middle-repartition')
      return [name, { offset, metadata: encodeCommitMetadata({ partitionTime: 1, lastEmittedWindowClose: new Map(), rest }) }] as const // prettier-ignore
    })
    return [...stageProgress(plan, bounds, { committed: new Map(offsets), ownEnds }, final).values()]
  }

  it.each([
    ['nothing is committed', {}, ['working', 'working']],
    ['a partition is behind its end', { 'in-0': [4, 'idle'], 'in-1': [0, 'idle'] }, ['working', 'working']],
    ['asynchronous work is pending', { 'in-0': [5, undefined], 'in-1': [0, 'idle'] }, ['held', 'working']],
    ['an empty partition is not committed', { 'in-0': [5, 'idle'] }, ['working', 'working']],
    [
      'the first stage is done',
      { 'in-0': [5, 'idle'], 'in-1': [0, 'idle'], 'middle-0': [2, 'idle'], 'middle-1': [0, 'idle'] },
      ['done', 'working'],
    ],
    [
      'only the second stage is at its ends',
      { 'middle-0': [3, 'idle'], 'middle-1': [0, 'idle'] },
      ['working', 'working'],
    ],
    [
      'both are done',
      { 'in-0': [5, 'idle'], 'in-1': [9, 'closed'], 'middle-0': [3, 'idle'], 'middle-1': [0, 'idle'] },
      ['done', 'done'],
    ],
  ] as const)('where %s', (_, committed, expected) => {
    expect(progress(committed as never)).toEqual(expected)
  })

  it('a final stage is done when the windows of all its tasks are closed, and those downstream begin then', () => {
    const downstream = { 'middle-0': [3, 'idle'], 'middle-1': [0, 'idle'] } as const
    expect(progress({ 'in-0': [5, 'closed'], 'in-1': [0, 'idle'], ...downstream } as never, true)).toEqual([
      'read',
      'working',
    ])
    expect(progress({ 'in-0': [5, 'closed'], 'in-1': [0, 'closed'], ...downstream } as never, true)).toEqual([
      'done',
      'read',
    ])
  })
})
