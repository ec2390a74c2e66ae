module.exports = function align (text, width) {
  while (text.length < width) text += ' '
  return text
}
