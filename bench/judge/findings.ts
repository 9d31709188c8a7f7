import type { Isolation } from '../isolation/record.js'
import { type StrategyResult, timingRow } from '../results.js'
import { decide, type Examine, type Finding, type Found, uncovered } from './findings/examine.js'
import {
  examineDescriptors,
  examineIsolation,
  examineManager,
  examineSharedMemory,
} from './findings/sharing.js'

/** Lower bound of a failure rate from which a captcha counts as lost, and from which a promise counts as broken. */
const mostly = 0.95
const visibly = 0.01

/** The design note's sentences, each with how it is held against a run. */
const sentences: readonly (readonly [claim: string, examine: Examine])[] = [
  [
    'With 4 workers and per-process memory, a captcha issued by one worker is not found by another.',
    ({ find }) => {
      const cross = find('memory')?.correctness?.verificationFailures.crossWorker
      if (!cross || cross.attempts === 0) return uncovered('memory did not run')
      return {
        measured: `memory: ${failureText(cross)} of cross-worker takes failed.`,
        verdict: decide(cross.low > mostly, cross.high < 0.5),
      }
    },
  ],
  [
    'A shared JSON file works across workers, at about 1–10 ms per operation.',
    ({ find }) => {
      const file = find('file')
      const write = p50Ms(file, 'write')
      const take = p50Ms(file, 'take')
      const overall = file?.correctness?.verificationFailures.overall
      if (!overall || overall.attempts === 0 || write === undefined || take === undefined)
        return uncovered('file did not run')
      const fits = [write, take].every((ms) => ms >= 1 && ms <= 10)
      const measured = `file (one writer, fenced): ${failureText(overall)} of takes failed; median store time ${write.toFixed(2)} ms a write, ${take.toFixed(2)} ms a take, under load.`
      return { measured, verdict: decide(overall.failures === 0 && fits, overall.low > visibly || !fits) }
    },
  ],
  [
    "The note's file code works across workers: store writes a file holding only the new captcha, get reads it.",
    ({ find }) => works(find('file-naive')),
  ],
  [
    "The note's hybrid works across workers: store writes memory and syncs a file behind it, get asks memory, then the file.",
    ({ find }) => works(find('hybrid-naive')),
  ],
  [
    'A manager process sharing a dictionary is slower than pure memory, because of IPC, and loses its data on restart.',
    examineManager,
  ],
  ['Shared memory is "not worth it".', examineSharedMemory],
  [
    'Threads share memory but one crash kills all; processes isolate crashes and use several cores.',
    examineIsolation,
  ],
  ['Process workers do not share descriptors or connections.', examineDescriptors],
]

/** Pure: what this run says about each sentence, in the note's order. */
export function judgeFindings(
  strategies: readonly StrategyResult[],
  isolation: readonly Isolation[] = [],
): Finding[] {
  const find = (name: string) =>
    strategies.find((strategy) => strategy.name === name && strategy.skipped === undefined)
  return sentences.map(([claim, examine]) => ({ claim, ...examine({ strategies, isolation, find }) }))
}

/** Whether any take reached another worker than the issuer: without one, nothing is known about several workers. */
function isCrossed({ correctness }: StrategyResult): boolean {
  return (correctness?.verificationFailures.crossWorker.attempts ?? 0) > 0
}

function works(strategy: StrategyResult | undefined): Found {
  const overall = strategy?.correctness?.verificationFailures.overall
  if (!strategy || !overall || !isCrossed(strategy))
    return uncovered('the exhibit was not asked across workers')
  const measured = `${strategy.name}: ${failureText(overall)} of takes failed.`
  return { measured, verdict: decide(overall.failures === 0, overall.low > visibly) }
}

function failureText({
  rate,
  failures,
  attempts,
}: {
  rate: number
  failures: number
  attempts: number
}): string {
  return `${(rate * 100).toFixed(1)} % (${failures} of ${attempts})`
}

function p50Ms(strategy: StrategyResult | undefined, operation: 'write' | 'take'): number | undefined {
  const us = timingRow(strategy?.timing, operation, 'store')?.p50Us
  return us === undefined || us === null ? undefined : us / 1_000
}
