import { defineCommand } from '../command'
import { loadTopology } from '../load-topology'
import { mermaidChart } from '../../topology/mermaid'
import { topologySvg } from '../../topology/svg'

export const describe = defineCommand({
  name: 'describe',
  summary: 'Print the topology that a module exports: as text, JSON, a Mermaid chart or an SVG image',
  details: `
The module exports a Topology as \`topology\` or by default, or a function that returns one. It is imported, so its
top level should not start the application. TypeScript runs if the project has tsx.

The text is that of Kafka Streams' Topology#describe: its viewers draw it, and \`millrace plan\` compares two of them.`,
  arguments: [{ name: 'module', help: 'the file to import: .js, .mjs, .cjs or .ts' }],
  options: {
    format: {
      type: 'string',
      choices: ['text', 'json', 'mermaid', 'svg'],
      help: 'default: text; --json is --format json',
    },
    export: { type: 'string', value: 'name', help: 'the export to take; default: topology, else the default export' },
  },
  examples: ['describe src/topology.ts', 'describe src/topology.ts --format svg > topology.svg'],
  async run({ args, options, io, json }) {
    const topology = await loadTopology(args[0]!, options.export, io)
    const format = json ? 'json' : (options.format ?? 'text')
    if (format === 'json') io.out(`${JSON.stringify(topology.description, undefined, json ? 0 : 2)}\n`)
    else if (format === 'svg') io.out(topologySvg(topology.description))
    else io.out(format === 'mermaid' ? mermaidChart(topology.description) : `${topology.describe().trimEnd()}\n`)
  },
})
