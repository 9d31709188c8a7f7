import type { Results } from '../../results.js'
import { outcomes, type SliceRecord } from '../../slices.js'
import { exportName } from './name.js'

type Column = readonly [head: string, of: (slice: SliceRecord) => string | number | null | undefined]

/** `null` is an empty cell: it could not be measured here. */
const columns: readonly Column[] = [
  ['launch', ({ launch }) => launch],
  ['block', ({ block }) => block],
  ['arm', ({ arm }) => exportName(arm)],
  ['operation', ({ operation }) => operation],
  ['requests', ({ requests }) => requests],
  ...outcomes.map((outcome): Column => [outcome, (slice) => slice.outcomes[outcome]]),
  ['throughput', ({ throughput }) => throughput],
  ['client_p50_us', ({ clientP50Us }) => clientP50Us],
  ['store_p50_us', ({ storeP50Us }) => storeP50Us],
  ['cpu_us_per_op', ({ cpuUsPerOp }) => cpuUsPerOp],
  ['window_ms', ({ windowMs }) => windowMs],
  ['settle_ms', ({ settleMs }) => settleMs],
  ['generator_utilisation', ({ generatorUtilisation }) => generatorUtilisation],
  ['steal', ({ steal }) => steal],
  ['rate', ({ openLoop }) => openLoop?.rate],
  ['late', ({ openLoop }) => openLoop?.late],
  ['dropped', ({ openLoop }) => openLoop?.dropped],
  ['void', ({ void: reason }) => reason],
]

/** Samples: a row a slice of the timing study's blocks, void ones with their reason, the controls as arms among the others. */
export function samples(_results: Results, slices: readonly SliceRecord[] = []): string {
  const rows = slices
    .filter(({ block }) => block >= 0)
    .map((slice) => columns.map(([, of]) => cell(of(slice) ?? '')).join(','))
  if (rows.length === 0) return ''
  // RFC 4180: lines end so.
  return [columns.map(([head]) => head).join(','), ...rows, ''].join('\r\n')
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(7)))
  // A spreadsheet takes what begins like a formula for one.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
