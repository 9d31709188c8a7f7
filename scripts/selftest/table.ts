import type { Environment } from '../../bench/environment.js'
import { table } from '../../bench/report/table.js'
import { wilson } from '../../bench/statistics.js'
import type { Trial } from './trial.js'

/** What the trials come to, as Markdown. Pure. */
export function selftestReport(trials: readonly Trial[], { cpu, cores, node }: Environment): string {
  const methods = [...new Set(trials.map(({ method }) => method))]
  const slowdowns = [...new Set(trials.map(({ slowdown }) => slowdown))].sort((a, b) => a - b)
  const runs = new Set(trials.map(({ run }) => run)).size
  const rows = methods.map((method) => [
    method,
    ...slowdowns.map((slowdown) => cell(trials, method, slowdown)),
  ])
  const header = [
    'method',
    ...slowdowns.map((slowdown) => (slowdown === 0 ? 'A/A: false verdicts' : `+${slowdown * 100} %: found`)),
  ]
  return [
    '# Selftest of the timing study',
    '',
    `${runs} runs. A baseline whose store spends a fixed amount of CPU time on each call, itself once more (A/A), and copies that spend 5, 10 and 25 % more; about half of a request's CPU time is the store's. Each method spends the same time on the same five servers: this harness interleaves them, the usual way measures each once, one after the other.`,
    '',
    'A/A: how often a difference was called where there is none. Others: how often the slower copy was called slower; how often it was called faster, if ever; the middle half of the ratios found.',
    '',
    table(header, rows, 'text'),
    '',
    `${cpu}, ${cores} cores; Node ${node}. Made by \`npm run selftest:timing\`; the trials are in selftest-timing.json.`,
    '',
  ].join('\n')
}

function cell(trials: readonly Trial[], method: string, slowdown: number): string {
  const own = trials.filter((trial) => trial.method === method && trial.slowdown === slowdown)
  const slower = own.filter(({ call }) => call === 'slower').length
  const faster = own.filter(({ call }) => call === 'faster').length
  const counted = slowdown === 0 ? slower + faster : slower
  const { low, high } = wilson(counted, own.length)
  const wrong = slowdown > 0 && faster > 0 ? `, called faster: ${faster}` : ''
  return `${counted} of ${own.length} (${percent(low)}–${percent(high)} %)${wrong}; ratios ${middleHalf(own)}`
}

function middleHalf(trials: readonly Trial[]): string {
  const ratios = trials.map(({ ratio }) => ratio).sort((a, b) => a - b)
  const at = (share: number) => ratios[Math.round((ratios.length - 1) * share)] ?? Number.NaN
  return `${at(0.25).toFixed(2)}–${at(0.75).toFixed(2)}`
}

function percent(share: number): string {
  return (share * 100).toFixed(0)
}
