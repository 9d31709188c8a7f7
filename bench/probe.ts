import { loadStrategy } from '../src/load-strategy.js'
import { Misfit } from '../src/shape.js'
import type { Strategy } from '../src/strategy.js'
import { firstLineOf } from './message-of.js'
import { tryOnce } from './probe/trial.js'
import { urlOf } from './services/engine.js'
import { handedOver } from './services/hand-over.js'

/**
 * A program of its own, because a module may take its process with it, or never let go of it: tries the strategy named by
 * its first argument in the directory that is its second, and tells over IPC what it is about to do and what it found. What
 * the module prints goes nowhere. A strategy whose engines it was given no addresses of is not opened: `reason` names them.
 */
export type ProbeResult =
  | { readonly found: false; readonly reason: string }
  | (Pick<Strategy, 'name' | 'summary' | 'claims' | 'exhibit' | 'engines'> & {
      readonly found: true
      /** Why it cannot run here, which may be for want of something. */
      readonly reason?: string
      /** What it does that no strategy may, anywhere. */
      readonly misfit?: string
    })

export type ProbeReport = { readonly step: string } | { readonly result: ProbeResult }

/** What a closed store may still do before it has to let its process end, ms: a client says goodbye. */
const endLimitMs = 2_000

async function probe(nameOrPath: string, dataDir: string): Promise<ProbeResult> {
  let strategy: Strategy
  try {
    tell({ step: 'loading it' })
    strategy = await loadStrategy(nameOrPath)
  } catch (error) {
    return { found: false, reason: firstLineOf(error) }
  }
  const { name, summary, claims, exhibit, engines = [] } = strategy
  const found = {
    found: true,
    name,
    summary,
    claims,
    ...(exhibit !== undefined && { exhibit }),
    ...(engines.length > 0 && { engines }),
  } as const
  const services = handedOver()
  const lacking = engines.filter((engine) => urlOf[engine](services) === undefined)
  if (lacking.length > 0) return { ...found, reason: `it needs ${lacking.join(' and ')}` }
  let step = ''
  const begin = (next: string) => {
    step = next
    tell({ step })
  }
  const outside = new Promise<never>((_resolve, reject) => {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error) =>
        reject(new Misfit(`${step}: threw where nobody can catch it: ${firstLineOf(error)}`)),
      )
  })
  try {
    await Promise.race([tryOnce({ strategy, dataDir, services, begin }), outside])
    begin('after close')
    await Promise.race([nothingLeft(), outside])
    return found
  } catch (error) {
    return { ...found, [error instanceof Misfit ? 'misfit' : 'reason']: firstLineOf(error) }
  }
}

/** Law 6: a worker ends when its store is closed, because nothing keeps it. @throws Misfit that says what does */
function nothingLeft(): Promise<void> {
  return new Promise((resolve, reject) => {
    // Runs only while something else keeps the process alive.
    const limit = setTimeout(() => {
      const kept = [...new Set(process.getActiveResourcesInfo())].filter((kind) => !own.includes(kind))
      const what = kept.join(', ') || 'something'
      reject(
        new Misfit(
          `close: expected nothing that keeps the process alive ${endLimitMs / 1_000} s later, got ${what}`,
        ),
      )
    }, endLimitMs).unref()
    process.once('beforeExit', () => {
      clearTimeout(limit)
      resolve()
    })
    process.channel?.unref()
  })
}

/** The pipes to the harness. */
const own: readonly string[] = ['PipeWrap', 'TTYWrap']

function tell(report: ProbeReport): void {
  process.send?.(report)
}

const [nameOrPath = '', dataDir = ''] = process.argv.slice(2)
process.once('disconnect', () => process.exit(1))
const result = await probe(nameOrPath, dataDir)
process.send?.({ result } satisfies ProbeReport, undefined, undefined, () => process.exit(0))
