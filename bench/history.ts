import type { Claims, Survives, Topology } from '../src/strategy.js'

/**
 * The record of the correctness study. The waist of the harness: I/O before it, pure functions after it.
 *
 * A history is one NDJSON file per strategy and *site*: one data directory and the server, or the servers after one
 * another, that were started on it. Its first line is the site, then come lines in the order in which things happened. A
 * client operation is two lines, its invocation and its completion, so that a harness that dies loses nothing but the
 * completions it never saw. `toHistory` pairs them.
 *
 * All times are milliseconds, with fractions, on the harness's one monotonic clock.
 */

export const verbs = ['issue', 'read', 'take'] as const
export type Verb = (typeof verbs)[number]

/**
 * What a client was told: `issued` 201, `found` 200 to a read, `accepted` 200 to a take, `wrong` 403, `unknown` 404,
 * `refused` 400, `unavailable` 503, `unexpected` any other status or an answer that does not fit the request, and `none`
 * when there was no answer.
 */
export const results = [
  'issued',
  'found',
  'accepted',
  'wrong',
  'unknown',
  'refused',
  'unavailable',
  'unexpected',
  'none',
] as const
export type Result = (typeof results)[number]

/** `ok`: it happened as told. `fail`: it did not happen. `info`: nobody knows. */
export type Outcome = 'ok' | 'fail' | 'info'

/** First line of a history. */
export interface Site {
  readonly kind: 'site'
  readonly strategy: string
  /** What the site is for, such as `ordinary`, `expiry`, `restart`. */
  readonly name: string
  readonly claims: Claims
  /** On all hosts together; those of host h are h · workers ÷ hosts and the ones that follow. */
  readonly workers: number
  /** How the workers of one host live; each in a process of its own, unless told. */
  readonly topology?: Topology
  /** Clusters with a data directory each, of as many workers each; 1 unless told. */
  readonly hosts?: number
  readonly ttlMs: number
  readonly seed: number
}

export interface Invocation {
  readonly kind: 'invoke'
  /** Number of the op in this history. */
  readonly op: number
  readonly atMs: number
  /** Number of the connection. */
  readonly client: number
  /** The worker the connection was pinned to when it was opened. */
  readonly worker: number
  readonly verb: Verb
  /** What is read or taken; absent for an issue. */
  readonly id?: string
  /** The guess of a take. */
  readonly answer?: string
  /** Ops of one race carry its number: their last bytes were sent together. */
  readonly race?: number
}

export interface Completion {
  readonly kind: Outcome
  readonly op: number
  readonly atMs: number
  readonly result: Result
  /** From the answer's own headers; absent when there was none. */
  readonly worker?: number
  readonly instance?: string
  /** Of an issue: what it brought. */
  readonly id?: string
  readonly answer?: string
  /** Why there is no answer, such as a reset or a time-out. */
  readonly reason?: string
}

/** What a fault takes away when it strikes: data that survives less than that may be gone. `nothing`: no process dies. */
export type Loss = Survives

/**
 * `medium`: what the store writes to fails or is damaged; `stop`: a worker stands still; `crash`: processes die;
 * `clock`: one worker's wall clock is off; `engine`: a network engine stops or stands still.
 */
export type FaultKind = 'crash' | 'stop' | 'medium' | 'clock' | 'engine'

/** A fault begins, could not be made to strike, or has been healed: everything is as it should be from here on. */
export interface FaultLine {
  readonly kind: 'fault'
  readonly fault: string
  readonly of: FaultKind
  readonly phase: 'start' | 'heal' | 'missed'
  readonly atMs: number
  /** Only data with at least this claim has to outlive it. */
  readonly loses: Loss
  /** The workers it strikes; absent: all. */
  readonly workers?: readonly number[]
  /** Of a clock fault: how far the worker's wall clock is ahead (negative: behind). */
  readonly skewMs?: number
  /** Of a missed one: why. */
  readonly reason?: string
}

/** An independent reader looked at the medium. */
export interface IntegrityLine {
  readonly kind: 'integrity'
  readonly atMs: number
  readonly underLoad: boolean
  /** What was looked at, such as `captchas.sqlite: integrity_check`; a file that holds no checkable format is not looked at. */
  readonly what: string
  readonly sound: boolean
  /** What was found, when it was not sound. */
  readonly detail?: string
}

/** What is stored, counted from outside: before any captcha, and after all of them have expired and been swept. */
export interface VolumeLine {
  readonly kind: 'volume'
  readonly atMs: number
  readonly when: 'start' | 'full' | 'end'
  /** Files below the data directory and their bytes. */
  readonly files: number
  readonly bytes: number
  /** Keys or rows in its network engines; absent when it has none. */
  readonly records?: number
  /** Memory the store holds, measured after a forced garbage collection; absent when this site does not measure it. */
  readonly heapBytes?: number
  /** Captchas issued by then. */
  readonly captchas: number
}

/** With every sync delayed by `delayMs`: how long an acknowledgement took. Faster than the delay = acknowledged unsynced. */
export interface SyncLine {
  readonly kind: 'sync'
  readonly atMs: number
  readonly verb: 'issue' | 'take'
  readonly delayMs: number
  readonly tookMs: number
}

/** What this machine or this strategy does not allow: `checks` stay `unknown` for want of it. `ended`: the site ended with it. */
export interface GapLine {
  readonly kind: 'gap'
  readonly atMs: number
  readonly checks: readonly string[]
  readonly reason: string
  readonly ended?: true
}

export type HistoryLine =
  | Site
  | Invocation
  | Completion
  | FaultLine
  | IntegrityLine
  | VolumeLine
  | SyncLine
  | GapLine

/** An invocation with its completion. */
export interface Op {
  readonly op: number
  readonly client: number
  readonly verb: Verb
  /** What was read or taken, or what an issue brought. */
  readonly id?: string
  /** What an issue brought, or the guess of a take. */
  readonly answer?: string
  readonly race?: number
  readonly startMs: number
  /** `Infinity` for `info`: it may take effect at any later time. */
  readonly endMs: number
  readonly outcome: Outcome
  readonly result: Result
  /** Who answered; who was asked, when nobody did. */
  readonly worker: number
  readonly instance?: string
  readonly reason?: string
}

/** A fault that struck. */
export interface Fault {
  readonly fault: string
  readonly of: FaultKind
  readonly loses: Loss
  readonly startMs: number
  /** `Infinity` when it was never healed. */
  readonly healMs: number
  readonly workers?: readonly number[]
  readonly skewMs?: number
}

/** What the checkers see. */
export interface History {
  readonly site: Site
  /** In the order of their invocation. */
  readonly ops: readonly Op[]
  readonly faults: readonly Fault[]
  /** Faults that did not strike. */
  readonly missed: readonly FaultLine[]
  readonly integrity: readonly IntegrityLine[]
  readonly volumes: readonly VolumeLine[]
  readonly syncs: readonly SyncLine[]
  readonly gaps: readonly GapLine[]
}

/**
 * Pairs invocations with completions and fault starts with heals. An invocation without completion is `info`.
 * @throws Error when the first line is no site, or a completion has no invocation
 */
export function toHistory(lines: readonly HistoryLine[]): History {
  const [site, ...rest] = lines
  if (site?.kind !== 'site') throw new Error('history: expected a site as the first line')
  const of = <K extends HistoryLine['kind']>(kind: K) =>
    rest.filter((line): line is Extract<HistoryLine, { kind: K }> => line.kind === kind)
  const faultLines = of('fault')
  return {
    site,
    ops: pairOps(rest),
    faults: pairFaults(faultLines),
    missed: faultLines.filter(({ phase }) => phase === 'missed'),
    integrity: of('integrity'),
    volumes: of('volume'),
    syncs: of('sync'),
    gaps: of('gap'),
  }
}

function pairOps(lines: readonly HistoryLine[]): Op[] {
  const ops = new Map<number, Op>()
  for (const line of lines) {
    if (line.kind === 'invoke') ops.set(line.op, pending(line))
    if (line.kind !== 'ok' && line.kind !== 'fail' && line.kind !== 'info') continue
    const open = ops.get(line.op)
    if (open === undefined)
      throw new Error(`history: expected an invocation before the completion of op ${line.op}`)
    ops.set(line.op, completed(open, line))
  }
  return [...ops.values()]
}

function pending({ op, client, verb, id, answer, race, atMs, worker }: Invocation): Op {
  return {
    op,
    client,
    verb,
    ...(id !== undefined && { id }),
    ...(answer !== undefined && { answer }),
    ...(race !== undefined && { race }),
    startMs: atMs,
    endMs: Number.POSITIVE_INFINITY,
    outcome: 'info',
    result: 'none',
    worker,
  }
}

function completed(open: Op, { kind, result, atMs, worker, instance, id, answer, reason }: Completion): Op {
  return {
    ...open,
    outcome: kind,
    result,
    endMs: kind === 'info' ? Number.POSITIVE_INFINITY : atMs,
    ...(worker !== undefined && { worker }),
    ...(instance !== undefined && { instance }),
    ...(open.verb === 'issue' && id !== undefined && { id }),
    ...(open.verb === 'issue' && answer !== undefined && { answer }),
    ...(reason !== undefined && { reason }),
  }
}

function pairFaults(lines: readonly FaultLine[]): Fault[] {
  const heals = lines.filter(({ phase }) => phase === 'heal')
  return lines.flatMap(({ fault, of, loses, phase, atMs, workers, skewMs }) => {
    if (phase !== 'start') return []
    const healMs =
      heals.find((heal) => heal.fault === fault && heal.atMs >= atMs)?.atMs ?? Number.POSITIVE_INFINITY
    return [
      {
        fault,
        of,
        loses,
        startMs: atMs,
        healMs,
        ...(workers !== undefined && { workers }),
        ...(skewMs !== undefined && { skewMs }),
      },
    ]
  })
}
