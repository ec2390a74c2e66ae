'use strict'

module.exports = { align: require('./src/align'), columns: require('./src/columns') }
