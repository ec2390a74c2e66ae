'use strict'

const align = require('./align')
const width = require('./width')

module.exports = function columns (rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => width(row[i]))))
  return rows.map(row => row.map((cell, i) => align(cell, widths[i])).join('  ')).join('\n')
}
