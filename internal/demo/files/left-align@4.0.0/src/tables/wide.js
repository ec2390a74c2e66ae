// Ranges of wide characters, first and last, from EastAsianWidth.txt of Unicode 16.
const ranges = [
  [0x1100, 0x115f], [0x231a, 0x231b], [0x2e80, 0x303e], [0x3041, 0x33ff], [0x3400, 0x4dbf],
  [0x4e00, 0x9fff], [0xa000, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f],
  [0xff00, 0xff60], [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f900, 0x1f9ff], [0x20000, 0x3fffd]
]

export function wide (point) {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (point < ranges[middle][0]) high = middle - 1
    else if (point > ranges[middle][1]) low = middle + 1
    else return true
  }
  return false
}
