import type { Plan } from './plan.js'
import { createPanel, type Screen } from './progress/screen.js'
import { type Contest, createTally } from './progress/tally.js'
import { percent } from './report/format.js'
import type { SliceRecord } from './slices.js'

/** Tells where a run is. Called between slices only: nothing is worked out or written while something is measured. */
export interface Progress {
  say(line: string): void
  starting(step: { launch: number; arm: string }): void
  /** Any other step. */
  note(line: string): void
  /** A step of many: passed over where lines cannot be redrawn, but for one now and then. */
  step(line: string): void
  warmingUp(step: { launch: number; round: number }): void
  /** An arm's slices of a block, as they are on disk. */
  measured(slices: readonly SliceRecord[]): void
  /** A block begins, and the one before it has ended. */
  block(step: { launch: number; block: number; blocks: number; spentMs: number; limitMs: number }): void
  /** First estimates, where they are not in sight all the time. */
  launchEnded(launch: number): void
  /** Ends the lines that were being redrawn. */
  close(): void
}

/** What a run intends, as far as its progress is concerned. */
export interface Course {
  readonly launches: number
  readonly now: () => number
  /** What a reader of first estimates is shown; nothing unless told. */
  readonly contests?: readonly Contest[]
  /** Set in an open loop, where throughput is given. */
  readonly isPaced?: boolean
  /** What the whole run may take, ms, where that is known. */
  readonly budgetMs?: number | undefined
  /** What comes after all launches, ms. */
  readonly afterMs?: number
}

/** Between two plain lines, where lines cannot be redrawn. */
const plainEveryMs = 10_000

export function createProgress(options: Screen & Course): Progress {
  const { stream, redraws, quiet, launches, now, contests = [], isPaced = false } = options
  const { budgetMs, afterMs = 0 } = options
  const panel = createPanel(options)
  const tally = createTally(contests, isPaced ? ({ clientP50Us }) => clientP50Us : undefined)
  const startedMs = now()
  let estimates: readonly string[] = []
  let lastPlainMs = Number.NEGATIVE_INFINITY

  function say(line: string): void {
    panel.erase()
    if (!quiet) stream.write(`${line}\n`)
  }

  function show(line: string, isImportant: boolean): void {
    if (quiet) return
    if (redraws) panel.draw([line, ...estimates])
    else if (isImportant || now() - lastPlainMs >= plainEveryMs) {
      lastPlainMs = now()
      stream.write(`${line}\n`)
    }
  }

  /** Where the whole run has a limit, what is left of it. */
  function timed(line: string): string {
    if (budgetMs === undefined) return line
    return `${line} · at most ${clock(Math.max(0, budgetMs - (now() - startedMs)))} left`
  }

  const head = (launch: number) => `launch ${launch + 1}/${launches}`
  return {
    say,
    starting: ({ launch, arm }) => show(timed(`${head(launch)} · starting ${arm}`), false),
    note: (line) => show(timed(line), true),
    step: (line) => show(line, false),
    warmingUp: ({ launch, round }) => show(timed(`${head(launch)} · warm-up, round ${round}`), round === 1),
    measured: (slices) => slices.forEach(tally.add),
    block({ launch, block, blocks, spentMs, limitMs }) {
      tally.endBlock()
      if (redraws && !quiet) estimates = tally.lines()
      const leftMs = Math.max(0, limitMs - spentMs) + (launches - launch - 1) * limitMs + afterMs
      const done = percent(Math.max(0, 1 - leftMs / (launches * limitMs + afterMs)))
      show(`${head(launch)} · block ${block + 1}/${blocks} · ${done} · at most ${clock(leftMs)} left`, false)
    },
    launchEnded(launch) {
      tally.endBlock()
      const lines = redraws || quiet ? [] : tally.lines()
      if (lines.length > 0)
        stream.write(`after launch ${launch + 1}/${launches}, roughly:\n${lines.join('\n')}\n`)
    },
    close: panel.erase,
  }
}

/** What a plan lets a reader expect and see. */
export function courseOf(plan: Plan): Omit<Course, 'now'> {
  const { experiments, budgetSeconds, micro, scaling, correctness, openLoop } = plan
  const timingMs = experiments.reduce((sum, { limitMs }) => sum + limitMs, 0)
  // The budget is kept by the timing study and a short look at correctness; nothing else has a limit.
  const isLimited = timingMs > 0 && !micro && !scaling && (correctness?.strategiesAtOnce ?? 2) > 1
  const budgetMs = budgetSeconds * 1_000
  return {
    launches: experiments.length,
    contests: contestsOf(plan),
    isPaced: openLoop !== undefined,
    ...(isLimited && { budgetMs, afterMs: Math.max(0, budgetMs - timingMs) }),
  }
}

function contestsOf({ comparison, entrants, baseline }: Plan): readonly Contest[] {
  if (comparison !== undefined)
    return comparison.pairs.map(({ head, base }) => ({ name: head, arm: head, against: base }))
  return entrants
    .filter(({ name, skipped }) => name !== baseline && skipped === undefined)
    .map(({ name }) => ({ name, arm: name, against: baseline }))
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
