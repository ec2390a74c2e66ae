#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { columns } from '../index.js'

const rows = readFileSync(0, 'utf8').trimEnd().split('\n').map(line => line.split('\t'))
console.log(columns(rows))
