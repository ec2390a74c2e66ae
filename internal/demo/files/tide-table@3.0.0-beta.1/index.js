export class Station {
  #constants
  constructor ({ name, datum, constants }) {
    this.name = name
    this.datum = datum
    this.#constants = constants
  }

  /** The height at a moment, in metres above the datum. */
  height (at) {
    const hours = at.getTime() / 3_600_000
    return this.#constants.reduce((sum, c) => sum + c.amplitude * Math.cos((c.speed * hours - c.phase) * Math.PI / 180), 0)
  }
}
