import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchAction } from 'millrace'

/** Writes each batch to a file of its own. One that is there was written before a crash, and has the same records: a batch's id always stands for them. */
export function warehouseIn<V>(folder: string): BatchAction<string, V> {
  return async (records, { id }) => {
    const file = join(folder, `${encodeURIComponent(id)}.ndjson`)
    if (await exists(file)) return
    await mkdir(folder, { recursive: true })
    // under another name until it is complete
    await writeFile(`${file}.new`, records.map(({ value }) => `${JSON.stringify(value)}\n`).join(''))
    await rename(`${file}.new`, file)
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
