/** As `run-topology.ts` bounds them: its rows and one more, of what was cut. */
const MOST_ENTRIES = 1001
/** The drawing of a topology is the longest. */
const MOST_CHARS = 5_000_000

const isText = (value) => typeof value === 'string' && value.length <= MOST_CHARS
const isTextOrNull = (value) => value === null || isText(value)
const isCount = (value) => Number.isSafeInteger(value) && value >= 0
const isObject = (value) => typeof value === 'object' && value !== null
const isList = (value, isEntry) => Array.isArray(value) && value.length <= MOST_ENTRIES && value.every(isEntry)
const maybe = (value, is) => value === undefined || is(value)

const isRecord = (value) =>
  isObject(value) && isCount(value.line) && isTextOrNull(value.key) && isTextOrNull(value.value) && isText(value.time)

const isRow = (value) =>
  isObject(value) && isTextOrNull(value.key) && isTextOrNull(value.value) && maybe(value.time, isText)

const isTopic = (value) =>
  isObject(value) && isText(value.name) && isList(value.records, isRecord) && maybe(value.more, isCount)

const isStore = (value) =>
  isObject(value) &&
  isText(value.name) &&
  (value.rows === null || isList(value.rows, isRow)) &&
  maybe(value.more, isCount)

const isTopology = (value) => isObject(value) && isText(value.text) && isText(value.mermaid) && isText(value.svg)

/** A `PlaygroundResult`. The code of a reader shares the worker with what sends it, and can send anything. */
export const isResult = (value) =>
  isObject(value) &&
  isList(value.topics, isTopic) &&
  isList(value.stores, isStore) &&
  isList(value.log, isText) &&
  maybe(value.topology, isTopology) &&
  maybe(value.error, isText)
