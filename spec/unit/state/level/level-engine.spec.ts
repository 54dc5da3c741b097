import { levelEngine, type LevelEngineOptions } from 'millrace'

test.each([
  [null, /options are null: give an object, or nothing/],
  [8_388_608, /options are 8388608/],
  [{ blockCacheBytes: 0 }, /blockCacheBytes is 0: give a whole number above 0/],
  [{ writeBufferBytes: '8 MiB' }, /writeBufferBytes is 8 MiB: give a whole number above 0/],
  [{ compression: 'snappy' }, /compression is snappy: give true or false/],
  [{ verifyOnOpen: undefined }, /verifyOnOpen is undefined: give it a value, or drop it/],
  [
    { cacheSize: 1 },
    /unknown option cacheSize; there are blockCacheBytes, writeBufferBytes, compression, verifyOnOpen/,
  ],
])('levelEngine(%j) is refused', (options, message) => {
  expect(() => levelEngine(options as unknown as LevelEngineOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringMatching(message) }),
  )
})

test('options are optional', () => {
  expect(levelEngine()).toMatchObject({ name: 'LevelDB', persistent: true })
  expect(levelEngine({ blockCacheBytes: 1 << 20, verifyOnOpen: false }).name).toBe('LevelDB')
})
