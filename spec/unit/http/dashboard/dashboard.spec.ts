import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { logAndContinue } from '../../../../lib/handlers'
import { createHandler, gracefulShutdown, type HandlerRoute } from '../../../../lib/http'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { QueryInstance } from '../../../support/query-instances'

const visits = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('visits', { key: serdes.string(), value: serdes.json<{ page: string }>() })
    .groupByKey()
    .count('visits-per-user')
  builder.globalTable('pages', { key: serdes.string(), value: serdes.string() }, 'all-pages')
  return builder.build()
}

interface Shown {
  readonly application: string
  readonly host: string | null
  readonly stores: readonly { readonly name: string; readonly kind: string | null; readonly global: boolean }[]
  readonly instances: readonly {
    readonly host: string | null
    readonly state?: string
    readonly unreachable?: string
    readonly tasks: readonly {
      readonly id: string
      readonly inputs: readonly { topic: string; next: number; end: number }[]
    }[]
    readonly problems: readonly { readonly message: string; readonly level: string }[]
    readonly records: { readonly dropped: number }
  }[]
}

/** The events of a stream, until it ends. */
async function* eventsOf(port: number, headers: Record<string, string> = {}): AsyncGenerator<Shown> {
  const request = get({ host: '127.0.0.1', port, path: '/dashboard/events', headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const events = (text + chunk).split('\n\n')
      text = events.pop()!
      for (const event of events) yield JSON.parse(event.replace('data: ', '')) as Shown
    }
  } finally {
    request.destroy()
  }
}

const eventWith = async (port: number, holds: (event: Shown) => boolean): Promise<Shown> => {
  for await (const event of eventsOf(port)) if (holds(event)) return event
  throw new Error('the stream has ended before')
}

describe('the dashboard', () => {
  let apps: EmbeddedApps
  const instances: QueryInstance[] = []
  const routes: HandlerRoute[] = []

  const instance = async (name: string): Promise<QueryInstance> => {
    const made = await QueryInstance.create(
      (config) =>
        apps.create(visits(), {
          ...config,
          stateDir: apps.stateDir(name),
          deserializationExceptionHandler: logAndContinue(),
        }),
      {
        authorize: ({ headers }, route) => {
          routes.push(route)
          return headers.authorization !== 'nobody'
        },
      },
    )
    instances.push(made)
    return made
  }

  beforeAll(async () => {
    apps = new EmbeddedApps({ visits: 2, pages: 1 })
    await apps.kafka.produce('visits', [
      { key: 'ann', value: '{"page":"home"}', partition: 0 },
      { key: 'ben', value: '{broken', partition: 1 },
      { key: 'ben', value: '{"page":"home"}', partition: 1 },
    ])
    const [first, second] = [await instance('a'), await instance('b')]
    await Promise.all([first.streams.start(), second.streams.start()])
    await until(async () => (await apps.committed('visits', 0)) === 1 && (await apps.committed('visits', 1)) === 2)
  })
  afterAll(async () => {
    for (const made of instances) await made.closeServer()
    await apps.close()
  })

  it('serves its page with a policy that lets nothing else run', async () => {
    const [first] = instances
    for (const [path, type] of [
      ['/dashboard', 'text/html'],
      ['/dashboard/page.js', 'text/javascript'],
      ['/dashboard/page.css', 'text/css'],
    ]) {
      const { status, headers, text } = await first!.get(path!)
      expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: `${type}; charset=utf-8` })
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(text.length).toBeGreaterThan(100)
    }
  })

  it.each([
    '/dashboard//',
    '/dashboard/dashboard.html',
    '/dashboard/../handler.ts',
    '/dashboard/page.js/x',
    '/dashboard/..%2fpage.ts',
    '/dashboard/constructor',
  ])('serves nothing at %s', async (path) => {
    expect((await instances[0]!.get(path)).status).toBe(404)
  })

  it('sends who adds a slash to the path that its files are relative to', async () => {
    const { status, headers } = await instances[0]!.get('/dashboard/')
    const { location } = headers
    expect({ status, path: new URL(location!, 'http://localhost/dashboard/').pathname }).toEqual({
      status: 308,
      path: '/dashboard',
    })
  })

  it('sends the state of all instances, with the positions of their tasks, their drops and their warnings', async () => {
    const [first, second] = instances
    const positionsIn = ({ instances }: Shown): number[] =>
      instances.flatMap(({ tasks = [] }) => tasks.flatMap(({ inputs }) => inputs.map(({ next }) => next))).sort()
    const shown = await eventWith(first!.port, (event) => String(positionsIn(event)) === '1,2')
    expect(shown).toMatchObject({ application: 'app', host: `127.0.0.1:${first!.port}` })
    expect(shown.instances.map(({ host }) => host)).toEqual([first, second].map((made) => `127.0.0.1:${made!.port}`))
    expect(shown.instances.reduce((sum, { records }) => sum + records.dropped, 0)).toBe(1)
    expect(shown.instances.flatMap(({ problems }) => problems)).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('visits-1 at offset 0') }),
    ])
    expect(shown.stores).toEqual([
      { name: 'visits-per-user', kind: 'key-value', global: false },
      { name: 'all-pages', kind: 'key-value', global: true },
    ])
  })

  it('asks authorize for every part of it, and for what an instance tells another', async () => {
    const [first] = instances
    for (const path of [
      '/dashboard',
      '/dashboard/',
      '/dashboard/page.js',
      '/dashboard/events',
      '/dashboard/instance',
    ]) {
      const { status, text } = await first!.get(path, { headers: { authorization: 'nobody' } })
      expect({ path, status }).toEqual({ path, status: 403 })
      expect(text).not.toContain('visits')
    }
    expect(routes.every(({ kind }) => kind === 'dashboard')).toBe(true)
  })

  it('answers HEAD without waiting for events', async () => {
    const { status, text } = await instances[0]!.get('/dashboard/events', { method: 'HEAD' })
    expect({ status, text }).toEqual({ status: 200, text: '' })
  })

  it('says which instance can not be reached', async () => {
    const [first, second] = instances
    await second!.closeServer()
    const shown = await eventWith(first!.port, ({ instances }) =>
      instances.some(({ unreachable }) => unreachable !== undefined),
    )
    expect(shown.instances.find(({ unreachable }) => unreachable !== undefined)!.host).toBe(`127.0.0.1:${second!.port}`)
    expect(shown.instances[0]).toMatchObject({ state: 'RUNNING' })
  })

  it('sends events to a limited number of pages', async () => {
    const [first] = instances
    const open: ClientRequest[] = []
    const connect = async (): Promise<number> => {
      const request = get({ host: '127.0.0.1', port: first!.port, path: '/dashboard/events', agent: false })
      request.on('error', () => {})
      open.push(request)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return response.statusCode!
    }
    while ((await connect()) === 200);
    expect(open.length).toBeGreaterThan(16)
    expect(open.length).toBeLessThanOrEqual(33)
    open[0]!.destroy()
    await until(async () => (await connect()) === 200)
    for (const request of open) request.destroy()
  })

  it('ends its events when the instance shuts down, so that the server can close', async () => {
    const [first] = instances
    // those of other pages may not be over yet
    let events = eventsOf(first!.port)
    await until(async () => {
      try {
        return (await events.next()).done === false
      } catch {
        events = eventsOf(first!.port)
        return false
      }
    })
    const { shutdown } = gracefulShutdown(first!.streams, { server: first!.server, timeout: '1h', signals: [] })
    const closing = shutdown()
    while (!(await events.next()).done);
    expect(await closing).toBe(true)
  })
})

describe('the dashboard of an application', () => {
  let apps: EmbeddedApps
  let streams: KafkaStreams

  beforeAll(() => {
    apps = new EmbeddedApps({ visits: 1, pages: 1 })
    streams = apps.create(visits())
  })
  afterAll(() => apps.close())

  it('shows an instance that has not started, and nothing of its configuration', async () => {
    const made = await QueryInstance.create((config) =>
      apps.create(visits(), { ...config, applicationId: 'secret-free' }),
    )
    const { status, text } = await made.get('/dashboard/instance')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ state: 'CREATED', tasks: [], restores: [], problems: [] })
    expect(text).not.toContain(apps.folder)
    const [shown] = [await eventWith(made.port, () => true)]
    expect(shown.instances).toHaveLength(1)
    await made.closeServer()
  })

  it('can be switched off', async () => {
    const made = await QueryInstance.create((config) => apps.create(visits(), config), { dashboard: false })
    for (const path of ['/dashboard', '/dashboard/events', '/dashboard/instance']) {
      expect((await made.get(path)).status).toBe(404)
    }
    expect((await made.get('/topology')).status).toBe(200)
    await made.closeServer()
    expect(() => createHandler(streams, { dashboard: 'yes' as never })).toThrow('dashboard to be true or false')
  })

  it('has its topology as text, JSON, Mermaid and SVG', async () => {
    const made = await QueryInstance.create((config) => apps.create(visits(), config))
    expect((await made.get('/topology')).text).toMatch(/^Topologies:/)
    expect((await made.get('/topology?format=json')).json).toEqual(visits().description)
    expect((await made.get('/topology?format=mermaid')).text).toMatch(/^flowchart TD/)
    const { headers, text } = await made.get('/topology?format=svg')
    expect(headers['content-type']).toBe('image/svg+xml; charset=utf-8')
    expect(text).toContain('data-topic="visits"')
    expect((await made.get('/topology?format=png')).status).toBe(400)
    await made.closeServer()
  })
})
