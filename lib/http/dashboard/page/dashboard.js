// Text from the application reaches the page as text only: nothing here makes HTML of it.

const SAMPLES = 300
const ENTRIES = 50

/** @param {string} id */
const byId = (id) => document.getElementById(id)

/** @param {string} tag @param {Record<string, unknown> | null} properties @param {...(Node | string)} children */
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

const count = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const rateText = (rate) => `${compact.format(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate))}/s`
const megabytes = (bytes) => `${count.format(Math.round(bytes / 1_048_576))} MiB`

const duration = (ms) => {
  if (!Number.isFinite(ms)) return 'unknown'
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

const shown = new Map()

/** Rebuilds a part of the page if what it shows has changed: a selection or a scroll position stays otherwise. */
const render = (id, data, build) => {
  const key = JSON.stringify(data)
  if (shown.get(id) === key) return
  shown.set(id, key)
  byId(id).replaceChildren(...build(data))
}

const table = (headings, rows, none) => {
  if (rows.length === 0) return [element('caption', null, none)]
  const head = element('tr', null, ...headings.map((text) => element('th', { scope: 'col' }, text)))
  const body = rows.map((cells) =>
    element('tr', null, ...cells.map((cell) => (cell instanceof Node ? cell : element('td', null, String(cell))))),
  )
  return [element('thead', null, head), element('tbody', null, ...body)]
}

const number = (text) => element('td', { className: 'number' }, text)

/** The last cell of a row: names of hosts are long, and on a phone they are scrolled to. */
const hostCell = (host) => element('td', { className: 'host' }, host ?? '')

// ------------------------------------------------------------------------------------------------ rates

/** Where a partition was when its instance was last seen. */
let positions = new Map()
/** Smoothed, by sub-topology and topic. */
let rates = new Map()

const inputsOf = (instance) =>
  instance.tasks.flatMap((task) => task.inputs.map((input) => ({ ...input, subtopology: task.id.split('_')[0] })))

const flowKey = (subtopology, topic) => `${subtopology} ${topic}`

/** By sub-topology and topic: records a second, and how many are still to be processed; and the sums. */
const measure = (instances) => {
  const before = positions
  positions = new Map()
  const flows = new Map()
  for (const instance of instances) {
    for (const { subtopology, topic, partition, next, end } of inputsOf(instance)) {
      const key = flowKey(subtopology, topic)
      const flow = flows.get(key) ?? { rate: 0, lag: 0, known: false }
      flows.set(key, flow)
      if (next < 0) continue
      const place = `${instance.host} ${key} ${partition}`
      const last = before.get(place)
      positions.set(place, { next, time: instance.time })
      if (last && last.time < instance.time && next >= last.next) {
        flow.rate += ((next - last.next) * 1000) / (instance.time - last.time)
      }
      if (end >= 0) {
        flow.lag += Math.max(0, end - next)
        flow.known = true
      }
    }
  }
  const smoothed = new Map()
  for (const [key, flow] of flows) {
    flow.rate = smooth(rates.get(key), flow.rate)
    smoothed.set(key, flow.rate)
  }
  rates = smoothed
  return flows
}

/** Totals of operators when their instance was last seen. */
let totals = new Map()
let operatorRates = new Map()

/** By operator: records a second. */
const measureOperators = (instances) => {
  const before = totals
  totals = new Map()
  const sums = new Map()
  for (const { host, time, operators } of instances) {
    for (const { name, records } of operators) {
      if (records === undefined) continue
      const place = `${host} ${name}`
      const last = before.get(place)
      totals.set(place, { records, time })
      // less than before: a task has moved away
      const isRate = last && last.time < time && records >= last.records
      sums.set(name, (sums.get(name) ?? 0) + (isRate ? ((records - last.records) * 1000) / (time - last.time) : 0))
    }
  }
  operatorRates = new Map([...sums].map(([name, rate]) => [name, smooth(operatorRates.get(name), rate)]))
}

const smooth = (last, rate) => {
  const smoothed = last === undefined ? rate : last + (rate - last) * 0.4
  return smoothed < 0.05 ? 0 : smoothed
}

// ------------------------------------------------------------------------------------------------ charts

const series = { rate: [], lag: [], latency: [] }

const draw = (name, value, text) => {
  const samples = series[name]
  samples.push(value)
  if (samples.length > SAMPLES) samples.shift()
  byId(`${name}-now`).textContent = text
  const most = Math.max(1, ...samples)
  const points = samples.map((sample, index) => {
    const x = ((SAMPLES - samples.length + index) * 300) / (SAMPLES - 1)
    return `${x.toFixed(1)},${(78 - (74 * sample) / most).toFixed(1)}`
  })
  const chart = byId(`${name}-chart`)
  if (chart.childElementCount === 0) {
    for (const shape of ['polygon', 'polyline']) chart.append(document.createElementNS(chart.namespaceURI, shape))
  }
  const [area, line] = chart.children
  const start = points[0].split(',')[0]
  area.setAttribute('points', `${start},80 ${points.join(' ')} 300,80`)
  line.setAttribute('points', points.join(' '))
}

// ------------------------------------------------------------------------------------------------ topology

let drawing

const loadTopology = async () => {
  const response = await fetch('topology?format=svg')
  if (!response.ok) throw new Error(`the topology was answered with status ${response.status}`)
  // its colors are those of the page
  const text = (await response.text()).replace(/<style>.*?<\/style>/s, '')
  drawing = document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true)
  byId('topology').replaceChildren(drawing)
}

/** The names of internal topics in a drawing stand without the application's. */
const topicInDrawing = (application, topic, names) => {
  if (names.has(topic)) return topic
  const short = topic.startsWith(`${application}-`) ? topic.slice(application.length + 1) : topic
  if (names.has(short)) return short
  for (const name of names) {
    if (!name.startsWith('/') || !name.endsWith('/')) continue
    try {
      if (new RegExp(`^(?:${name.slice(1, -1)})$`).test(topic)) return name
    } catch {
      // a pattern of another dialect
    }
  }
  return topic
}

const showFlows = (application, flows) => {
  if (drawing === undefined) return
  const names = new Set([...drawing.querySelectorAll('[data-topic]')].map((topic) => topic.dataset.topic))
  const byEdge = new Map()
  for (const [key, flow] of flows) {
    const space = key.indexOf(' ')
    const edge = flowKey(key.slice(0, space), topicInDrawing(application, key.slice(space + 1), names))
    const sum = byEdge.get(edge) ?? { rate: 0, lag: 0, known: false }
    byEdge.set(edge, { rate: sum.rate + flow.rate, lag: sum.lag + flow.lag, known: sum.known || flow.known })
  }
  for (const edge of drawing.querySelectorAll('.edge.record')) {
    const { subtopology, from, to } = edge.dataset
    const flow = byEdge.get(flowKey(subtopology, from))
    // of a sink: the records that it writes
    const rate = names.has(to) ? operatorRates.get(from) : flow?.rate
    if (rate === undefined) continue
    edge.classList.toggle('busy', rate > 0)
    const label = labelOf(edge, () => edge.getPointAtLength(edge.getTotalLength() / 2))
    label.textContent = `${rateText(rate)}${flow?.known ? ` · lag ${compact.format(flow.lag)}` : ''}`
    label.classList.toggle('behind', flow !== undefined && flow.lag > Math.max(1000, flow.rate * 10))
  }
  for (const node of drawing.querySelectorAll('.item.processor')) {
    const rate = operatorRates.get(node.dataset.node)
    if (rate === undefined) continue
    const label = labelOf(node, () => {
      const { x, y, width } = node.getBBox()
      return { x: x + width / 2, y: y - 4 }
    })
    label.textContent = rateText(rate)
  }
}

/** The text beside something drawn. */
const labelOf = (drawn, place) => {
  const next = drawn.nextElementSibling
  if (next?.classList.contains('rate')) return next
  const { x, y } = place()
  const label = document.createElementNS(drawn.namespaceURI, 'text')
  label.classList.add('rate')
  label.setAttribute('x', x + 8)
  label.setAttribute('y', y)
  drawn.after(label)
  return label
}

const showLatency = (instances) => {
  const latencies = instances.flatMap(({ operators }) => operators.map(({ latencyAvgMs }) => latencyAvgMs ?? 0))
  const isMeasured = instances.some(({ operators }) => operators.some(({ latencyAvgMs }) => latencyAvgMs !== undefined))
  byId('latency').hidden = !isMeasured && series.latency.length === 0
  const worst = Math.max(0, ...latencies)
  if (!byId('latency').hidden) draw('latency', worst, worst < 1000 ? `${Math.round(worst)} ms` : duration(worst))
}

// ------------------------------------------------------------------------------------------------ instances

const stateClass = (state) => (state === 'RUNNING' ? 'good' : /ERROR/.test(state) ? 'bad' : '')

const cardOf = ({ host, instance, here }) => {
  const title = element('h3', null, host ?? 'this instance')
  if (instance === undefined) {
    return element(
      'article',
      { className: 'card' },
      title,
      element('span', { className: 'badge bad' }, 'unreachable'),
      element('p', { className: 'soft' }, here),
    )
  }
  const { state, ready, reasons, tasks, facts } = instance
  return element(
    'article',
    { className: 'card' },
    title,
    element('span', { className: `badge ${stateClass(state)}` }, state),
    ' ',
    element('span', { className: `badge ${ready ? 'good' : ''}` }, ready ? 'ready' : 'not ready'),
    ...reasons.map((reason) => element('p', null, reason)),
    element('p', { className: 'soft' }, facts),
    element(
      'ul',
      { className: 'tasks', ariaLabel: 'Tasks' },
      ...tasks.map((task) =>
        element(
          'li',
          { className: task.state, title: task.title },
          task.id,
          task.state === 'running' ? '' : ` ${task.state}`,
        ),
      ),
    ),
  )
}

const lagOfTask = (task) =>
  task.inputs.reduce((sum, { next, end }) => sum + (next < 0 || end < 0 ? 0 : Math.max(0, end - next)), 0)

const showInstances = (event) => {
  const cards = event.instances.map((instance) => {
    if (instance.unreachable !== undefined) return { host: instance.host, here: instance.unreachable }
    const { host, state, ready, reasons, tasks, process, eventLoopDelayMs } = instance
    const delay = eventLoopDelayMs === null ? '' : ` · event loop delay ${Math.round(eventLoopDelayMs)} ms`
    const facts = `${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'} · memory ${megabytes(process.rssBytes)}${delay} · up ${duration(process.uptimeSeconds * 1000)} · Node ${process.node} · pid ${process.pid}`
    const shownTasks = tasks.map((task) => ({
      id: task.id,
      state: task.state,
      title: `${task.state}, ${count.format(lagOfTask(task))} records behind${task.stores.length > 0 ? `, stores: ${task.stores.join(', ')}` : ''}`,
    }))
    return { host, instance: { state, ready, reasons, tasks: shownTasks, facts } }
  })
  cards.sort((a, b) => String(a.host).localeCompare(String(b.host)))
  render('instances', cards, (all) => all.map(cardOf))
}

// ------------------------------------------------------------------------------------------------ tables

const showRestores = (instances) => {
  const restores = instances.flatMap(({ host, restores }) => restores.map((restore) => ({ ...restore, host })))
  byId('restores-section').hidden = restores.length === 0
  render('restores', restores, (all) =>
    table(
      ['Store', 'Task', 'Progress', 'Time left', 'Rate', 'Records', 'Instance'],
      all.map(({ store, taskId, host, percent, restored, recordsPerSecond, etaMs }) => [
        store,
        taskId,
        element(
          'td',
          { className: 'number' },
          element('progress', { max: 100, value: percent ?? 0, ariaLabel: `${store} ${taskId}` }),
          ` ${percent ?? 0} %`,
        ),
        number(etaMs === undefined ? '' : duration(Number(etaMs))),
        number(recordsPerSecond === undefined ? '' : rateText(recordsPerSecond)),
        number(count.format(restored)),
        hostCell(host),
      ]),
      'Nothing is being restored.',
    ),
  )
}

const showDropped = (instances) => {
  const rows = new Map()
  for (const { records } of instances) {
    for (const { operator, droppedBy, deadLetters } of records.operators) {
      const row = rows.get(operator) ?? { operator, reasons: {}, deadLetters: 0 }
      rows.set(operator, row)
      row.deadLetters += deadLetters
      for (const [reason, dropped] of Object.entries(droppedBy))
        row.reasons[reason] = (row.reasons[reason] ?? 0) + dropped
    }
  }
  render('dropped', [...rows.values()], (all) =>
    table(
      ['Operator', 'Dropped', 'Dead letters'],
      all.map(({ operator, reasons, deadLetters }) => [
        operator,
        Object.entries(reasons)
          .map(([reason, dropped]) => `${count.format(dropped)} ${reason}`)
          .join(', ') || '0',
        number(count.format(deadLetters)),
      ]),
      'None since the instances have started.',
    ),
  )
}

const showProblems = (instances) => {
  const problems = instances
    .flatMap(({ host, problems }) => problems.map((problem) => ({ ...problem, host })))
    .sort((a, b) => b.time - a.time)
    .slice(0, 100)
  render('problems', problems, (all) =>
    table(
      ['Time', 'Level', 'Message', 'Instance'],
      all.map(({ time, level, host, message, error, location }) => [
        element(
          'td',
          { className: 'number' },
          element('time', { dateTime: new Date(time).toISOString() }, new Date(time).toLocaleTimeString()),
        ),
        element('td', null, element('span', { className: `badge ${level === 'error' ? 'bad' : ''}` }, level)),
        element(
          'td',
          { className: 'message' },
          message,
          ...(error === undefined ? [] : [element('div', { className: 'soft' }, error)]),
          element(
            'div',
            { className: 'soft' },
            Object.entries(location)
              .map(([name, value]) => `${name} ${value}`)
              .join(' · '),
          ),
        ),
        hostCell(host),
      ]),
      'None since the instances have started.',
    ),
  )
}

// ------------------------------------------------------------------------------------------------ stores

let kinds = new Map()

const showStores = (stores) => {
  byId('stores-section').hidden = stores.length === 0
  render('store', stores, (all) => {
    kinds = new Map(all.map(({ name, kind }) => [name, kind]))
    return all.map(({ name, kind, global }) =>
      element(
        'option',
        { value: name, disabled: kind === null },
        `${name} (${global ? 'global, ' : ''}${kind ?? 'can not be queried'})`,
      ),
    )
  })
}

const queryOf = () => {
  const store = byId('store').value
  const path = `stores/${encodeURIComponent(store)}`
  const key = encodeURIComponent(byId('key').value)
  const kind = kinds.get(store)
  const many = { window: 'windows', session: 'sessions' }[kind]
  switch (byId('what').value) {
    case 'key':
      if (kind === 'versioned') return `${path}/keys/${key}/versions`
      return `${path}/keys/${key}${many === undefined ? '' : `/${many}`}`
    case 'prefix':
      return `${path}/keys?prefix=${key}&limit=${ENTRIES}`
    default:
      return `${path}/${many ?? 'keys'}?limit=${ENTRIES}`
  }
}

/** Of an answer that is one object, or a line for each entry and one for the end. */
const entriesOf = (text, key) => {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const failed = lines.find(({ error }) => error !== undefined)
  if (failed !== undefined) throw new Error(failed.error.message)
  const [first] = lines
  if (first.rows !== undefined) return { rows: first.rows.map((row) => ({ key, ...row })), truncated: false }
  const last = lines.at(-1)
  if (last.end?.truncated !== undefined) return { rows: lines.slice(0, -1), truncated: last.end.truncated }
  return { rows: first.value === null ? [] : [{ key, ...first }], truncated: false }
}

const timeText = (time) => (typeof time === 'number' ? new Date(time).toISOString() : '')
const valueText = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 1))

const browse = async () => {
  const status = byId('browse-status')
  status.textContent = 'Reading…'
  byId('entries').replaceChildren()
  try {
    const response = await fetch(queryOf())
    const { rows, truncated } = entriesOf(await response.text(), byId('key').value)
    const windowed = rows.some(({ start }) => start !== undefined)
    byId('entries').replaceChildren(
      ...table(
        ['Key', ...(windowed ? ['Start', 'End'] : []), 'Value', 'Timestamp'],
        rows.map(({ key, start, end, value, timestamp }) => [
          element('td', { className: 'value' }, valueText(key)),
          ...(windowed ? [number(timeText(start)), number(timeText(end))] : []),
          element('td', { className: 'value' }, valueText(value)),
          number(timeText(timestamp)),
        ]),
        '',
      ),
    )
    status.textContent = `${rows.length} ${rows.length === 1 ? 'entry' : 'entries'}${truncated ? ': there are more' : ''}`
  } catch (error) {
    status.textContent = `Not read: ${error.message}`
  }
}

byId('what').addEventListener('change', () => {
  byId('key-label').hidden = byId('what').value === 'all'
})
byId('browse').addEventListener('submit', (event) => {
  event.preventDefault()
  void browse()
})
const showActualSize = (actual) => {
  byId('topology').classList.toggle('actual', actual)
  byId('topology-size').setAttribute('aria-pressed', String(actual))
}

byId('topology-size').addEventListener('click', () => showActualSize(!byId('topology').classList.contains('actual')))
// shrunk to a phone's width, its text could not be read
showActualSize(matchMedia('(max-width: 600px)').matches)

// ------------------------------------------------------------------------------------------------ events

const showSummary = (instances, rate, lag) => {
  const sum = (name) => instances.reduce((total, { records }) => total + records[name], 0)
  const tasks = instances.reduce((total, instance) => total + instance.tasks.length, 0)
  const recommended = Math.ceil(instances.reduce((total, instance) => total + (instance.recommendedReplicas ?? 0), 0))
  const summary = [
    ['Instances', count.format(instances.length)],
    ...(recommended > 0 ? [['Recommended', count.format(recommended)]] : []),
    ['Tasks', count.format(tasks)],
    ['Records', rateText(rate)],
    ['Lag', count.format(lag)],
    ['Dropped', count.format(sum('dropped'))],
    ['Dead letters', count.format(sum('deadLetters'))],
  ]
  render('summary', summary, (all) =>
    all.map(([term, text]) => element('div', null, element('dt', null, term), element('dd', null, text))),
  )
}

const show = (event) => {
  // during a rolling update, other instances may not tell everything yet
  const instances = event.instances
    .filter(({ unreachable }) => unreachable === undefined)
    .map((instance) => ({ tasks: [], restores: [], problems: [], operators: [], ...instance }))
  const flows = measure(instances)
  let [rate, lag] = [0, 0]
  for (const flow of flows.values()) {
    rate += flow.rate
    lag += flow.lag
  }
  document.title = `${event.application} · millrace`
  byId('application').textContent = event.application
  showSummary(instances, rate, lag)
  draw('rate', rate, rateText(rate))
  draw('lag', lag, count.format(lag))
  showLatency(instances)
  measureOperators(instances)
  showFlows(event.application, flows)
  showInstances(event)
  showRestores(instances)
  showStores(event.stores)
  showDropped(instances)
  showProblems(instances)
}

const say = (text, lost) => {
  const status = byId('connection')
  if (status.textContent !== text) status.textContent = text
  status.classList.toggle('lost', lost)
}

let source

const connect = () => {
  source = new EventSource('dashboard/events')
  source.onmessage = ({ data }) => {
    say('Live', false)
    show(JSON.parse(data))
  }
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return say('Connection lost: trying again…', true)
    say('The instance does not answer: trying again…', true)
    setTimeout(connect, 5000)
  }
}

// a page that nobody looks at costs the application nothing
document.addEventListener('visibilitychange', () => {
  if (document.hidden) source?.close()
  else connect()
})

loadTopology().catch((error) => byId('topology').replaceChildren(error.message))
connect()
