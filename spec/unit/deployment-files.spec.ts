import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { METRICS } from '../../lib/observe/metrics/catalog'
import { prometheusName } from '../../lib/metrics/prometheus-names'

const DOCKER = join(__dirname, '../../docker')
const textOf = (file: string): string => readFileSync(join(DOCKER, file), 'utf8')
const NAMES = new Set(METRICS.map(prometheusName))

const namesIn = (text: string): string[] => text.match(/\bkafka_(?:streams|consumer)_\w+/g) ?? []

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } }
}

interface StatefulSet {
  readonly spec: {
    readonly serviceName: string
    readonly template: {
      readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly [Container] }
    }
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[]
  }
}

describe('the files for monitoring', () => {
  const files = readdirSync(DOCKER, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ya?ml|json)$/.test(file),
  )

  it.each(files)('name only metrics that there are (%s)', (file) => {
    expect(namesIn(textOf(file)).filter((name) => !NAMES.has(name))).toEqual([])
  })

  it('draw metrics in every panel of the Grafana dashboard, none over another', () => {
    const { panels, uid } = JSON.parse(textOf('monitoring/grafana/dashboards/millrace.json')) as {
      uid: string
      panels: {
        title: string
        targets: { expr: string }[]
        gridPos: { x: number; y: number; w: number; h: number }
      }[]
    }
    expect(uid).toBe('millrace')
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { targets } of panels) {
      for (const { expr } of targets) expect(namesIn(expr).length).toBeGreaterThan(0)
    }
  })

  it('mount what Prometheus and Grafana read', () => {
    const { services } = parse(textOf('compose.yaml')) as {
      services: Record<string, { profiles?: string[]; volumes?: string[] }>
    }
    for (const name of ['prometheus', 'grafana']) {
      expect(services[name]!.profiles).toEqual(['monitoring'])
      for (const volume of services[name]!.volumes!) {
        expect(readdirSync(DOCKER, { recursive: true })).toContain(volume.split(':')[0]!.slice(2))
      }
    }
    expect(parse(textOf('monitoring/prometheus.yaml'))).toMatchObject({ rule_files: ['alerts.yaml'] })
  })
})

describe('the Kubernetes manifests', () => {
  const [service, set, budget] = parseAllDocuments(textOf('kubernetes/word-count.yaml')).map(
    (document) => document.toJS() as unknown,
  )
  const { spec } = set as StatefulSet
  const [container] = spec.template.spec.containers

  it('probe the health routes at the port of the container', () => {
    const [port] = container.ports
    for (const [probe, path] of [
      ['startup', '/health/live'],
      ['liveness', '/health/live'],
      ['readiness', '/health/ready'],
    ]) {
      expect(container[`${probe}Probe`]!.httpGet).toEqual({ path, port: port!.name })
    }
    expect(service).toMatchObject({ spec: { clusterIP: 'None', ports: [{ port: port!.containerPort }] } })
  })

  it('give each replica a disk, a member of the group and an address of its own', () => {
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
    expect(env['GROUP_INSTANCE_ID']).toBe('$(POD_NAME)')
    expect(env['LEAVE_GROUP']).toBe('false')
    expect(env['APPLICATION_SERVER']).toBe(`$(POD_NAME).${spec.serviceName}:${container.ports[0]!.containerPort}`)
    const [mount] = container.volumeMounts
    expect(mount!.mountPath).toBe(env['STATE_DIR'])
    expect(spec.volumeClaimTemplates[0]!.metadata.name).toBe(mount!.name)
  })

  it('leave time to close after preStop, and evict one replica at a time', () => {
    const [, seconds] = container.lifecycle.preStop.exec.command
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 30)
    expect(budget).toMatchObject({ kind: 'PodDisruptionBudget', spec: { maxUnavailable: 1 } })
  })

  it('scale by the recommended replicas', () => {
    expect(parse(textOf('kubernetes/scaled-object.yaml'))).toMatchObject({
      kind: 'ScaledObject',
      spec: {
        scaleTargetRef: { kind: 'StatefulSet', name: 'word-count' },
        triggers: [{ metadata: { threshold: '1' } }],
      },
    })
  })
})
