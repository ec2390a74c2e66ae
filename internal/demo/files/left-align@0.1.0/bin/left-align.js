#!/usr/bin/env node
const align = require('..')

process.stdout.write(align(process.argv[2], Number(process.argv[3])) + '\n')
