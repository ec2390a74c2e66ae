export interface Options {
  fill?: string
  cut?: boolean
}

export function align(text: string, cells: number, options?: Options): string
export function columns(rows: string[][], options?: Options & { gap?: number }): string
export function width(text: string, options?: { ansi?: boolean }): number
