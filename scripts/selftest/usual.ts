import { join } from 'node:path'
import autocannon from 'autocannon'
import { packageRoot } from '../../bench/paths.js'
import { twoSidedP } from '../../bench/statistics.js'
import { startServer } from '../../bench/topology.js'
import { arms, type Call, seconds, type Trial, workers } from './trial.js'

/** Requests per second as autocannon prints them: one sample a second. */
interface Throughput {
  readonly mean: number
  readonly sd: number
  readonly seconds: number
}

/**
 * The usual way: every server once, one after the other, the same total time; the load generator's numbers as it prints them.
 * A server is started and loaded at once, as most published comparisons do, after a second of warm-up.
 */
export async function runUsual(run: number): Promise<Trial[]> {
  const each = seconds.perRun / (arms.length + 1)
  const baseline = await measure('busy', each)
  const trials: Trial[] = []
  for (const { name, slowdown } of arms) {
    const own = await measure(name === 'twin' ? 'busy' : name, each)
    const ratio = own.mean / baseline.mean
    trials.push(
      { run, method: 'usual: whoever is 5 % ahead', slowdown, ratio, call: byMargin(ratio) },
      { run, method: 'usual: t-test on seconds', slowdown, ratio, call: byWelch(own, baseline) },
    )
  }
  return trials
}

async function measure(control: string, durationSeconds: number): Promise<Throughput> {
  await using server = await startServer({
    strategy: join(packageRoot, `dist/bench/controls/${control}.js`),
    workers,
    ttlMs: 120_000,
    render: 'none',
    secret: '0'.repeat(64),
  })
  const warmUp = 1
  await load(server.addresses[0].endpoint, warmUp)
  // Awaited here: the server goes when this function returns.
  return await load(server.addresses[0].endpoint, Math.max(2, Math.round(durationSeconds - warmUp - 1)))
}

async function load(url: string, duration: number): Promise<Throughput> {
  const result = await autocannon({ url: `${url}/captcha`, method: 'POST', connections: 8, duration })
  return { mean: result.requests.average, sd: result.requests.stddev, seconds: duration }
}

function byMargin(ratio: number): Call {
  if (ratio < 1 / 1.05) return 'slower'
  return ratio > 1.05 ? 'faster' : 'none'
}

/** Welch's test at 5 %: the seconds of one run taken for independent observations, as they are not. */
function byWelch(own: Throughput, baseline: Throughput): Call {
  const [a, b] = [own.sd ** 2 / own.seconds, baseline.sd ** 2 / baseline.seconds]
  const df = (a + b) ** 2 / (a ** 2 / (own.seconds - 1) + b ** 2 / (baseline.seconds - 1))
  const t = (own.mean - baseline.mean) / Math.sqrt(a + b)
  if (!(twoSidedP(t, df) < 0.05)) return 'none'
  return t > 0 ? 'faster' : 'slower'
}
