export { align } from './src/align.js'
export { columns } from './src/columns.js'
export { width } from './src/width.js'
