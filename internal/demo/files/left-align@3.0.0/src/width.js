'use strict'

// Two cells for what East Asian Width calls wide (UAX #11).
module.exports = text => Array.from(text).reduce((n, c) => n + (c > '\u1100' ? 2 : 1), 0)
