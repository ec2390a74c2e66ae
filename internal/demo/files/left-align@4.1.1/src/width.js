import { wide } from './tables/wide.js'

// Colours, and since terminals have them, links: ESC ] 8 ; ; address BEL.
const escapes = /\u001b(?:\[[0-9;]*m|\]8;[^\u0007]*\u0007)/g

// A mark without a letter before it takes no room of its own.
const combining = /^\p{M}/u

/** The number of cells that a text takes in a terminal. */
export function width (text, { ansi = true } = {}) {
  if (ansi) text = text.replace(escapes, '')
  let cells = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (combining.test(segment)) continue
    cells += wide(segment.codePointAt(0)) ? 2 : 1
  }
  return cells
}
