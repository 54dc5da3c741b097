import { type PlaygroundRequest, runTopology } from './run-topology'

/** The scope of a dedicated worker. */
declare const self: {
  onmessage: ((event: { data: PlaygroundRequest }) => void) | null
  postMessage(message: unknown): void
}

self.onmessage = ({ data }) => {
  void runTopology(data).then((result) => self.postMessage(result))
}
self.postMessage('ready')
