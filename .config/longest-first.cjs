// Jest orders suites by how long they took the last time, which a clean clone doesn't know: it would start the largest files first, and
// leave one worker alone with a long suite at the end.
const { existsSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { default: Sequencer } = require('@jest/test-sequencer')

const root = dirname(__dirname)

/**
 * Of each project, those that take more than about ten seconds, longest first; but beside chaos, which keeps three brokers and three applications
 * busy, suites that mostly wait.
 */
const LONGEST = [
  'spec/golden/golden.spec.ts',
  'spec/differential/corpus.spec.ts',
  'spec/differential/many-tasks/many-tasks.spec.ts',
  'spec/unit/runtime/executor/slow-awaited-callbacks.spec.ts',
  'spec/contract/kafka/memory.spec.ts',
  'spec/bench/workloads/workloads.spec.ts',
  'spec/contract/stores/changelog-records.spec.ts',
  'spec/support/command-line.spec.ts',
  'spec/unit/http/attacks.spec.ts',
  'spec/unit/state/pending/pending-store.spec.ts',
  'spec/unit/state/level/damage.spec.ts',
  'spec/unit/http/three-instances.spec.ts',
  'spec/unit/runtime/schema-registry.spec.ts',
  'spec/types/doc-examples.spec.ts',

  'spec/chaos/chaos.spec.ts',
  'spec/faults/callbacks.spec.ts',
  'spec/faults/async-calls.spec.ts',
  'spec/contract/kafka/kafkajs-group-faults.spec.ts',
  'spec/faults/broker.spec.ts',
  'spec/migration/migration.spec.ts',
  'spec/integration/stateful-recovery.spec.ts',
  'spec/faults/kill.spec.ts',
  'spec/contract/kafka/kafkajs-producer-faults.spec.ts',
  'spec/integration/word-count.spec.ts',
  'spec/contract/kafka/kafkajs.spec.ts',
  'spec/integration/cli.spec.ts',
  'spec/integration/newcomer.spec.ts',
  'spec/contract/kafka/kafkajs-brokers.spec.ts',
  'spec/integration/security.spec.ts',
  'spec/contract/kafka/kafkajs-network.spec.ts',
].map((suite) => join(root, suite))

const gone = LONGEST.filter((suite) => !existsSync(suite))
if (gone.length > 0) throw new Error(`.config/longest-first.cjs names suites that are not there: ${gone.join(', ')}`)

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = (test) => {
      if (this.hasFailed(test)) return -1
      const place = LONGEST.indexOf(test.path)
      return place < 0 ? LONGEST.length : place
    }
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
