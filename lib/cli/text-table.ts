import { printable } from '../observe/printable'

/** A value of a table; numbers are aligned to the right. */
export type Cell = string | number | null | undefined

/** Columns under headings, two spaces apart; what is missing is a dash. */
export const textTable = (headings: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const isNumber = headings.map((_, column) =>
    rows.every((row) => row[column] == null || typeof row[column] === 'number'),
  )
  const texts = [headings, ...rows.map((row) => headings.map((_, column) => cellText(row[column])))]
  const widths = headings.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)))
  return texts
    .map((row) =>
      row
        .map((text, column) => (isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

const cellText = (cell: Cell): string => (cell == null || cell === '' ? '-' : printable(String(cell)))
