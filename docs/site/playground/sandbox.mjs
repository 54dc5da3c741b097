/**
 * What the code of a reader may do: run. It can't send the records, or anything else, to anywhere; nor load code, which a request for it could say
 * as much with.
 */
export const POLICY = [
  "default-src 'none'",
  "connect-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval'",
  'worker-src blob:',
].join('; ')

/** No origin of its own: nothing that the site keeps in the browser is within reach. */
export const SANDBOX = 'allow-scripts'

/** A worker that is made of a blob has the policy of the page that made it; one that is loaded has that of a header, which not every host can set. */
const PAGE = `<!doctype html>
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<script>
  onmessage = ({ data: script, ports: [port] }) => {
    const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })))
    worker.onmessage = ({ data }) => port.postMessage({ data })
    worker.onerror = ({ message }) => port.postMessage({ error: message })
    port.onmessage = ({ data }) => worker.postMessage(data)
  }
</script>`

/** By URL. */
const scripts = new Map()

const scriptOf = (url) => {
  if (!scripts.has(url)) {
    const loading = fetch(url).then((response) => {
      if (response.ok) return response.text()
      throw new Error(`the playground could not be loaded: ${response.status} ${response.statusText}`)
    })
    loading.catch(() => scripts.delete(url))
    scripts.set(url, loading)
  }
  return scripts.get(url)
}

/** As a worker of the page, but inside a frame that reaches neither the network nor the page. */
export class SandboxedWorker {
  onmessage
  onerror
  #frame = document.createElement('iframe')
  #channel = new MessageChannel()

  constructor(url) {
    const { port1, port2 } = this.#channel
    port1.onmessage = ({ data: { data, error } }) => {
      if (error === undefined) this.onmessage?.({ data })
      else this.onerror?.({ message: error })
    }
    const loaded = new Promise((resolve) => this.#frame.addEventListener('load', resolve, { once: true }))
    this.#frame.setAttribute('sandbox', SANDBOX)
    this.#frame.hidden = true
    this.#frame.srcdoc = PAGE
    document.body.append(this.#frame)
    Promise.all([scriptOf(url), loaded]).then(
      // its origin has no name; it is gone if the reader has left
      ([script]) => this.#frame.contentWindow?.postMessage(script, '*', [port2]),
      (error) => this.onerror?.(error),
    )
  }

  postMessage(message) {
    this.#channel.port1.postMessage(message)
  }

  terminate() {
    this.#channel.port1.close()
    this.#frame.remove()
  }
}
