import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { readConfig } from './config.js'
import type { BuildApp } from './worker.js'

/**
 * The server, in whichever of its processes or threads this is.
 * @param loadApp what its workers serve; each half loads only what it needs, and the primary, which serves no request, no HTTP framework
 */
export async function serve(loadApp: () => Promise<BuildApp>): Promise<void> {
  try {
    const config = readConfig(process.env)
    if (isMainThread && cluster.isPrimary) await (await import('./primary.js')).runPrimary(config)
    else await (await import('./worker.js')).runWorker(config, await loadApp())
  } catch (error) {
    process.stderr.write(`crossworker: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
  }
}
