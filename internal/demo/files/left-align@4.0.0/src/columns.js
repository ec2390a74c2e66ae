import { align } from './align.js'
import { width } from './width.js'

/** Lays out rows of cells, each column as wide as its widest cell. */
export function columns (rows, { gap = 2, ...options } = {}) {
  const widths = []
  for (const row of rows) {
    row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, width(cell)) })
  }
  const between = ' '.repeat(gap)
  return rows
    .map(row => row.map((cell, i) => align(cell, widths[i], options)).join(between).trimEnd())
    .join('\n')
}
