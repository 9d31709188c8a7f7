/** What is measured, in the order a block measures it. */
export const operations = ['write', 'read', 'take'] as const
export type Operation = (typeof operations)[number]

/** What the scaling study varies, one at a time. */
export const sweeps = ['workers', 'population', 'connections'] as const
export type Sweep = (typeof sweeps)[number]

/** How a request ended. `accepted` is the success of every operation: 201, 200 and 200; `error` and `timeout` had no answer. */
export const outcomes = [
  'accepted',
  'wrong',
  'unknown',
  'unavailable',
  'unexpected',
  'error',
  'timeout',
] as const
export type Outcome = (typeof outcomes)[number]

/** A captcha one worker issued and another, or the same, did not accept. Ids are cut short: eight characters tell them apart. */
export interface Witness {
  readonly id: string
  readonly issuer: number
  readonly verifier: number
  readonly outcome: Outcome
  /** From the answer of the issue to the answer of the take. */
  readonly afterMs: number
}

/** One slice, as it is kept in `timing.ndjson`: everything later stages know about it. */
export interface SliceRecord {
  readonly kind: 'slice'
  readonly launch: number
  readonly block: number
  readonly arm: string
  readonly operation: Operation
  readonly requests: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Requests answered per second, whatever the answer, from the first answer until a connection had nothing left to send. */
  readonly throughput: number
  readonly windowMs: number
  /** CPU time of all the server's processes, from the slice's start until they were idle again, per request; µs. */
  readonly cpuUsPerOp: number | null
  /** Of accepted answers: compressed HDR histograms of nanoseconds, base64. In an open loop the client's start when due. */
  readonly client: string
  readonly store: string
  readonly clientP50Us: number | null
  readonly storeP50Us: number | null
  /** Takes by issuer and verifier. */
  readonly pairs: readonly PairCount[]
  readonly witness?: Witness
  /** Time until the server was idle again after the last answer; ms. */
  readonly settleMs: number
  readonly wallMs: number
  /** The generator's event-loop utilisation, 0 to 1; in an open loop spinning for the next due time counts as use. */
  readonly generatorUtilisation: number
  /** Share of the machine's CPU time that its host gave to others, 0 to 1; `null` where the system does not tell. */
  readonly steal: number | null
  /** Absent in a closed loop. */
  readonly openLoop?: OpenLoopRecord
  /** Why the slice is left out of every figure. */
  readonly void?: string
}

/** How a slice kept its pace. */
export interface OpenLoopRecord {
  /** Requests per second that were due, evenly. */
  readonly rate: number
  readonly sent: number
  /** Of these, sent more than 1 ms after they were due. */
  readonly late: number
  /** Never sent, because the time of the slice was up. */
  readonly dropped: number
  /** 99th percentile of how late requests were for which a connection stood free; `null` where none did. */
  readonly pacerLagP99Us: number | null
  /** As `client`, from the moment of sending: what a load generator shows that waits for answers and does not count it. */
  readonly uncorrected: string
}

export interface PairCount {
  readonly issuer: number
  readonly verifier: number
  readonly attempts: number
  readonly failures: number
}

/** How one launch got warm. */
export interface WarmUpRecord {
  readonly kind: 'warm-up'
  readonly launch: number
  /** Time to start all servers of the launch; ms. */
  readonly startMs: number
  readonly arms: Readonly<
    Record<string, { readonly windows: number; readonly ended: 'settled' | 'cap'; readonly wallMs: number }>
  >
  /** Servers whose workers each stay on one processor; absent in records from before any did. */
  readonly spread?: number
  /** Requests per slice, by arm. */
  readonly requests: Readonly<Record<string, number>>
}

/** A server that did not start, or ended while it was measured. */
export interface FailureRecord {
  readonly kind: 'failure'
  readonly launch: number
  readonly arm: string
  readonly reason: string
}

/** The last record of a run. */
export interface EndRecord {
  readonly kind: 'end'
  /** Ctrl-C came before everything was measured. */
  readonly partial: boolean
  readonly wallSeconds: number
  /** Of these, the timing study's. */
  readonly timingSeconds: number
}

export type TimingRecord = SliceRecord | WarmUpRecord | FailureRecord | EndRecord
