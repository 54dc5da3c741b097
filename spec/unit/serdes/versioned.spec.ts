import { NO_HEADERS } from '../../../lib/record/headers'
import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import type { VersionedOptions } from '../../../lib/serdes/versioned'

const write = (serde: Serde<unknown>, value: unknown): Buffer => serde.serialize('t', value, NO_HEADERS)!
const read = (serde: Serde<unknown>, bytes: Buffer): unknown => serde.deserialize('t', bytes, NO_HEADERS)

const json = serdes.json<unknown>()
const first = serdes.versioned(json, { version: 1, migrate: {} })
const second = serdes.versioned(json, { version: 2, migrate: { 1: (clicks: number) => ({ clicks }) } })
const third = serdes.versioned(json, {
  version: 3,
  migrate: {
    1: (clicks: number) => ({ clicks }),
    2: ({ clicks }: { clicks: number }) => ({ clicks, spent: 0 }),
  },
})

test('version 1 has the plain bytes of the serde, later ones 8 bytes before it', () => {
  expect(write(first, 5).toString()).toBe('5')
  expect(write(second, 5)).toEqual(Buffer.concat([Buffer.from('ff56455200000002', 'hex'), Buffer.from('5')]))
})

test('values of every earlier version are migrated, one version after the other', () => {
  expect(read(third, write(json, 5))).toEqual({ clicks: 5, spent: 0 })
  expect(read(third, write(first, 5))).toEqual({ clicks: 5, spent: 0 })
  expect(read(third, write(second, { clicks: 6 }))).toEqual({ clicks: 6, spent: 0 })
  expect(read(third, write(third, { clicks: 7, spent: 1 }))).toEqual({ clicks: 7, spent: 1 })
})

test('a value of a newer version is an error that says what to do', () => {
  expect(() => read(second, write(third, { clicks: 7, spent: 1 }))).toThrow(
    expect.objectContaining({
      code: 'STATE_VERSION_UNKNOWN',
      message:
        'the value has version 3, and this code reads versions 1 to 2: newer code has written it: deploy that version of the application again; to go back, reset the application',
    }),
  )
})

test('a value from before the first migration is an error', () => {
  const serde = serdes.versioned(json, { version: 3, migrate: { 2: (value: object) => ({ ...value, spent: 0 }) } })
  expect(read(serde, write(second, { clicks: 1 }))).toEqual({ clicks: 1, spent: 0 })
  expect(() => read(serde, write(first, 5))).toThrow(
    /has version 1, and this code reads versions 2 to 3: add a migration of version 1/,
  )
})

test('a migration that throws is an error that names it', () => {
  const serde = serdes.versioned(json, {
    version: 2,
    migrate: {
      1: () => {
        throw new Error('no clicks')
      },
    },
  })
  expect(() => read(serde, write(first, 5))).toThrow(
    expect.objectContaining({
      code: 'STATE_MIGRATION_FAILED',
      message: expect.stringMatching(/version 1 to 2 failed: no clicks/) as string,
    }),
  )
})

test('earlier versions are read by serdes of their own', () => {
  const serde = serdes.versioned(json, {
    version: 2,
    migrate: { 1: (clicks: number) => ({ clicks }) },
    earlier: { 1: serdes.long() },
  })
  expect(read(serde, write(serdes.long(), 5))).toEqual({ clicks: 5 })
  expect(read(serde, write(serde, { clicks: 6 }))).toEqual({ clicks: 6 })
})

test('bytes of version 1 that look like a later one are marked as version 1', () => {
  const bytes = serdes.versioned(serdes.bytes(), { version: 1, migrate: {} })
  const looksLike = Buffer.from('ff5645520000000500', 'hex')
  expect(read(bytes, write(bytes, looksLike))).toEqual(looksLike)
  const next = serdes.versioned(serdes.bytes(), { version: 2, migrate: { 1: (value: Buffer) => value } })
  expect(read(next, write(bytes, looksLike))).toEqual(looksLike)
})

test('it prepares the serdes that it wraps', async () => {
  const prepared: string[] = []
  const lazy = (name: string): Serde<string> => ({
    ...serdes.string(),
    prepare: async (topic, use) => void prepared.push(`${name} ${topic} ${use}`),
  })
  const serde = serdes.versioned(lazy('now'), {
    version: 2,
    migrate: { 1: (v: string) => v },
    earlier: { 1: lazy('then') },
  })
  await serde.prepare!('t', 'store')
  await serde.prepare!('t', 'sink')
  expect(prepared).toEqual(['now t store', 'then t store', 'now t sink'])
})

test.each<[string, VersionedOptions]>([
  ['a gap', { version: 3, migrate: { 1: (v: number) => v } }],
  ['one too many', { version: 2, migrate: { 1: (v: number) => v, 2: (v: number) => v } }],
  ['one of version 0', { version: 1, migrate: { 0: (v: number) => v } }],
  [
    'an earlier serde without a migration',
    { version: 2, migrate: { 1: (v: number) => v }, earlier: { 2: serdes.long() } },
  ],
])('migrations with %s are refused', (_what, options) => {
  expect(() => serdes.versioned(json, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
