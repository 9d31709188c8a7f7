/** Where progress is written. */
export interface Screen {
  readonly stream: { write(text: string): unknown }
  /** A terminal gets a few lines, redrawn; anything else gets a plain line now and then. */
  readonly redraws: boolean
  readonly quiet: boolean
  /** Of the terminal, as it is now; lines that are longer would wrap, and could not be redrawn. */
  readonly size?: () => { readonly columns: number; readonly rows: number }
}

/** The terminal, or whatever stands in its place. */
export function screenOf(
  stream: NodeJS.WriteStream,
  { quiet }: { readonly quiet: boolean },
): Screen & { readonly now: () => number } {
  return {
    stream,
    redraws: stream.isTTY === true,
    quiet,
    // A terminal that does not know its size says 0.
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    now: () => performance.now(),
  }
}

/** Lines that are drawn over one another. */
export interface Panel {
  draw(lines: readonly string[]): void
  /** Leaves the cursor where the first of them began. */
  erase(): void
}

const usual = () => ({ columns: 80, rows: 24 })

export function createPanel({ stream, size = usual }: Pick<Screen, 'stream' | 'size'>): Panel {
  let drawn = 0

  function erasing(): string {
    return `\r\u001b[K${'\u001b[1A\r\u001b[K'.repeat(Math.max(0, drawn - 1))}`
  }

  /** A terminal may have become smaller meanwhile, or be a very small one. */
  function fitting(lines: readonly string[]): readonly string[] {
    const { columns, rows } = size()
    return lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, Math.max(1, columns - 1)))
  }

  return {
    draw(lines) {
      const shown = fitting(lines)
      stream.write(`${erasing()}${shown.join('\n')}`)
      drawn = shown.length
    },
    erase() {
      if (drawn > 0) stream.write(erasing())
      drawn = 0
    },
  }
}
