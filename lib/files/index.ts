/** Topologies on files: bounded inputs and outputs in NDJSON and CSV. */
export { runOnFiles, type FileRunOptions } from './run-on-files'
export { ndjson } from './ndjson'
export { csv, type CsvOptions, type CsvRow } from './csv'
export type { FileInput, FileOptions, FileOutput, FileRecord, FileWriter } from './file'
