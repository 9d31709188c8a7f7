import { UsageError } from './options.js'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first Ctrl-C ends the run cleanly; a second one is left to Node: it ends at once, and the servers and whoever tidies up
 * follow by themselves. So does whoever listens when he goes (`| head -1`): an error of a stream nobody listens to would end the
 * harness alone.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    // The second may be another of them.
    for (const name of signals) process.off(name, abort)
    controller.abort()
  }
  for (const name of signals) process.on(name, abort)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort())
  return controller.signal
}

/** Said at once, even if a slice is under way: the signal itself falls into it as well. */
export const endingLine = 'ending: what was measured is reported; once more ends it at once'

/**
 * For what comes before there is anything to report. In a terminal Ctrl-C reaches every process, so what fails then mostly fails
 * because of it.
 * @throws UsageError once the run has been told to end
 */
export async function unlessEnded<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const result = await work.catch((cause: unknown) => {
    throw signal.aborted ? new UsageError(nothingMeasured, { cause }) : cause
  })
  if (signal.aborted) throw new UsageError(nothingMeasured)
  return result
}

const nothingMeasured = 'ended before anything was measured'
