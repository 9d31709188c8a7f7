import cluster from 'node:cluster'
import { readConfig } from './config.js'
import { runPrimary } from './primary.js'
import { runWorker } from './worker.js'

try {
  const config = readConfig(process.env)
  await (cluster.isPrimary ? runPrimary(config) : runWorker(config))
} catch (error) {
  process.stderr.write(`crossworker: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 2
}
