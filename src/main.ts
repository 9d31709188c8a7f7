import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { readConfig } from './config.js'

try {
  const config = readConfig(process.env)
  // Each half loads only what it needs: the primary serves no request, so it never loads the HTTP framework.
  if (isMainThread && cluster.isPrimary) await (await import('./primary.js')).runPrimary(config)
  else await (await import('./worker.js')).runWorker(config)
} catch (error) {
  process.stderr.write(`crossworker: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 2
}
