import { width } from './width.js'

/**
 * Pads a text on its right until it fills a number of cells.
 *
 * @param {string} text
 * @param {number} cells
 * @param {{ fill?: string, cut?: boolean }} [options]
 */
export function align (text, cells, { fill = ' ', cut = false } = {}) {
  const room = cells - width(text)
  if (room >= 0) return text + fill.repeat(room)
  return cut ? shorten(text, cells) : text
}

function shorten (text, cells) {
  let out = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (width(out + segment) > cells - 1) break
    out += segment
  }
  return out + '…'
}
