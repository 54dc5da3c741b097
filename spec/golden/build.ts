import ts from 'typescript'
import type { GoldenCase } from './case'
import * as java from './java'
import type { Topology } from './java/topology'

/** Runs the text of a case against the facade: Java's names over the public API. */
export function buildTopology(golden: GoldenCase, trace: (text: string) => void): Topology {
  const { config } = golden
  // Java's builder learns its stores from the configuration when it builds; ours is told before.
  const StreamsBuilder = class extends java.StreamsBuilder {
    constructor(topologyConfig?: java.TopologyConfig) {
      super(topologyConfig ?? config)
    }
  }
  const scope: Record<string, unknown> = { ...java, StreamsBuilder, config, recordTrace: trace, each }
  for (const [name, definition] of Object.entries(golden.helpers)) {
    // Those of the facade come from it: their definitions are prose.
    if (name in scope) continue
    scope[name] = evaluate(`return (${definition}\n)`, scope)
  }
  return evaluate(`${withAwaitedScans(golden.topology)}\nreturn topology`, scope) as Topology
}

const evaluate = (body: string, scope: Record<string, unknown>): unknown =>
  (new Function(...Object.keys(scope), body) as (...values: unknown[]) => unknown)(...Object.values(scope))

/** Java's iterators are synchronous, ours are not. */
async function each(iterator: AsyncIterable<unknown>, action: (entry: unknown) => unknown): Promise<void> {
  for await (const entry of iterator) await action(entry)
}

/** Turns every `each(…)` into an `await each(…)` and the function around it into an async one. */
function withAwaitedScans(text: string): string {
  const source = ts.createSourceFile('topology.js', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const insertions = new Map<number, string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(source) === 'each') {
      insertions.set(node.getStart(source), 'await ')
      const enclosing = ts.findAncestor(node, ts.isArrowFunction)
      if (enclosing) insertions.set(enclosing.getStart(source), 'async ')
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...insertions]
    .sort(([a], [b]) => b - a)
    .reduce((result, [position, word]) => result.slice(0, position) + word + result.slice(position), text)
}
