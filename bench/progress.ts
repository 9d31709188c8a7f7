/** Tells where a run is. Called between slices only: nothing is written while something is measured. */
export interface Progress {
  say(line: string): void
  starting(step: { launch: number; arm: string }): void
  /** Any other step. */
  note(line: string): void
  /** A step of many: passed over where lines cannot be redrawn, but for one now and then. */
  step(line: string): void
  warmingUp(step: { launch: number; round: number }): void
  block(step: { launch: number; block: number; blocks: number; spentMs: number; limitMs: number }): void
  /** Ends the line that was being redrawn. */
  close(): void
}

export interface Screen {
  readonly stream: { write(text: string): unknown }
  /** A terminal gets one line, redrawn; anything else gets a plain line now and then. */
  readonly redraws: boolean
  readonly quiet: boolean
  readonly launches: number
  readonly now: () => number
}

/** Between two plain lines, where lines cannot be redrawn. */
const plainEveryMs = 10_000

export function createProgress({ stream, redraws, quiet, launches, now }: Screen): Progress {
  let drawn = false
  let lastPlainMs = Number.NEGATIVE_INFINITY

  function erase(): void {
    if (drawn) stream.write('\r\u001b[K')
    drawn = false
  }

  function say(line: string): void {
    erase()
    if (!quiet) stream.write(`${line}\n`)
  }

  function show(line: string, important: boolean): void {
    if (quiet) return
    if (redraws) {
      stream.write(`\r\u001b[K${line}`)
      drawn = true
    } else if (important || now() - lastPlainMs >= plainEveryMs) {
      lastPlainMs = now()
      stream.write(`${line}\n`)
    }
  }

  const head = (launch: number) => `launch ${launch + 1}/${launches}`
  return {
    say,
    starting: ({ launch, arm }) => show(`${head(launch)} · starting ${arm}`, false),
    note: (line) => show(line, true),
    step: (line) => show(line, false),
    warmingUp: ({ launch, round }) => show(`${head(launch)} · warm-up, round ${round}`, round === 1),
    block({ launch, block, blocks, spentMs, limitMs }) {
      const leftMs = Math.max(0, limitMs - spentMs) + (launches - launch - 1) * limitMs
      show(`${head(launch)} · block ${block + 1}/${blocks} · at most ${clock(leftMs)} left`, false)
    },
    close: erase,
  }
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
