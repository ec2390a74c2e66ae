import { readFile } from 'node:fs/promises'

export async function tides (station, day) {
  const { constants } = JSON.parse(await readFile(new URL(`./stations/${station}.json`, import.meta.url), 'utf8'))
  return constants.map(({ amplitude, speed, phase }) => amplitude * Math.cos(speed * day.getTime() - phase))
}
