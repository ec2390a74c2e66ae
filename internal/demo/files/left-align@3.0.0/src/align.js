'use strict'

const width = require('./width')

module.exports = function align (text, cells, { fill = ' ' } = {}) {
  return text + fill.repeat(Math.max(0, cells - width(text)))
}
