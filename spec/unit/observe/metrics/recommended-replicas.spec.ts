import { recommendedReplicas, type Workload } from '../../../../lib/observe/metrics/recommended-replicas'

const workload: Workload = { tasks: 8, lag: 0, rate: 300, utilization: 0.3 }

it('leaves a quarter of an instance free for peaks', () => {
  expect(recommendedReplicas(workload)).toBeCloseTo(0.4)
  expect(recommendedReplicas({ ...workload, rate: 750, utilization: 0.75 })).toBeCloseTo(1)
})

it('adds what has to be caught up within a minute, at what the instance can process', () => {
  // 1000 records/s at its capacity: 60,000 records are another instance for a minute
  expect(recommendedReplicas({ ...workload, lag: 60_000 })).toBeCloseTo(1.3 / 0.75)
})

it('is never more than the tasks of the instance', () => {
  expect(recommendedReplicas({ ...workload, lag: 1e9 })).toBe(8)
  expect(recommendedReplicas({ ...workload, tasks: 0, lag: 1e9 })).toBe(0)
})

it('counts an instance that has processed nothing yet as one while records wait for it', () => {
  expect(recommendedReplicas({ tasks: 4, lag: 10, rate: 0, utilization: 0 })).toBe(1)
  expect(recommendedReplicas({ tasks: 4, lag: 0, rate: 0, utilization: 0 })).toBe(0)
  expect(recommendedReplicas({ tasks: 0, lag: 0, rate: 0, utilization: 0 })).toBe(0)
})
