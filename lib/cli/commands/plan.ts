import { defineCommand } from '../command'
import { EXIT } from '../io'
import { compareTopologies, type Finding, type UpgradePlan } from '../plan/compare'
import { readTopology } from '../plan/read-topology'

export const plan = defineCommand({
  name: 'plan',
  summary: 'Compare two versions of a topology: what is safe, and what loses state',
  details: `
Each is a module as for \`millrace describe\`, or a file with what that has printed, as text or JSON; describe() of Kafka
Streams will do. Exit code 0: nothing is lost. 3: state, or records in a repartition topic, would be lost or mixed up.

What would be lost only because its name has changed, it lists with the name to give: naming a store 'X' is all it takes to
continue with the state of X.

It compares names and shapes. What a callback or a serde does, and which kind a store is, it can't see.`,
  arguments: [
    { name: 'old', help: 'the topology that runs' },
    { name: 'new', help: 'the one that is to replace it' },
  ],
  options: {
    export: { type: 'string', value: 'name', help: 'of modules: the export to take' },
    accept: {
      type: 'string',
      multiple: 'list',
      value: 'name',
      help: 'a store or topic that may be lost: it does not count for the exit code',
    },
  },
  examples: ['plan topology.txt src/topology.ts', 'plan old.json new.json --accept visits-per-day'],
  async run({ args, options, io, print }) {
    const [before, after] = [args[0]!, args[1]!]
    const found = compareTopologies(
      await readTopology(before, options.export, io),
      await readTopology(after, options.export, io),
    )
    const losses = found.findings.filter(({ losesState, name }) => losesState && !options.accept.includes(name))
    print({ ...found, accepted: options.accept }, () => textOf(found))
    return losses.length > 0 ? EXIT.losesState : EXIT.ok
  },
})

const textOf = ({ rollOut, findings, renames, kept, generatedNames }: UpgradePlan): string => {
  const sections = [
    rollOut === 'rolling'
      ? 'Roll-out: rolling. The topologies are the same, instances of both can run side by side.\n'
      : "Roll-out: stop all instances, then start the new version. Instances with different topologies can't share tasks.\n",
  ]
  const list = (title: string, found: readonly Finding[]): void => {
    if (found.length === 0) return
    sections.push(
      `${title}\n${found.map(({ kind, name, text }) => `  ${subjectOf(kind)} ${name} ${text}.\n`).join('')}`,
    )
  }
  list(
    'Loses state:',
    findings.filter(({ losesState }) => losesState),
  )
  list(
    'Changes:',
    findings.filter(({ losesState }) => !losesState),
  )
  const renamed = Object.entries(renames)
  if (renamed.length > 0) {
    const names = renamed.map(([name, keep]) => `  ${name}: '${keep}'\n`).join('')
    sections.push(`Names to give in the new topology, so that nothing is lost:\n${names}`)
  }
  if (kept.length > 0) sections.push(`Keeps the state of: ${kept.join(', ')}\n`)
  if (generatedNames.length > 0) {
    sections.push(`Generated names, which move when operators are added above them: ${generatedNames.join(', ')}\n`)
  }
  return sections.join('\n')
}

const subjectOf = (kind: Finding['kind']): string => {
  if (kind.startsWith('input') || kind.startsWith('output')) return 'topic'
  return kind.startsWith('repartition') ? 'repartition topic' : 'store'
}
