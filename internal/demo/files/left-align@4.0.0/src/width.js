import { wide } from './tables/wide.js'

const escapes = /\u001b\[[0-9;]*m/g

/** The number of cells that a text takes in a terminal. */
export function width (text, { ansi = true } = {}) {
  if (ansi) text = text.replace(escapes, '')
  let cells = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    cells += wide(segment.codePointAt(0)) ? 2 : 1
  }
  return cells
}
