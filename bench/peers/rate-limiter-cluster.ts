import cluster from 'node:cluster'
import type { Strategy } from '../../src/strategy.js'
import { marksOf, oncePerToken } from './parts/limiter-marks.js'
import { createMarkedTokens } from './parts/marked-tokens.js'

const options = { ...oncePerToken, keyPrefix: 'captcha' }

/**
 * "All operations in memory or distributed environment use atomic increments against race conditions" (README); the cluster's limiter
 * counts in the primary, so the host is claimed, and a worker's crash: https://github.com/animir/node-rate-limiter-flexible/wiki/Cluster
 */
const rateLimiterCluster: Strategy = {
  name: 'rate-limiter-cluster',
  summary: 'The id is the captcha, encrypted; rate-limiter-flexible counts uses in the cluster primary.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  async host() {
    const { RateLimiterClusterMaster } = await import('rate-limiter-flexible')
    new RateLimiterClusterMaster()
    return { close() {} }
  },
  async open({ secret, workers }) {
    const { RateLimiterCluster, RateLimiterMemory } = await import('rate-limiter-flexible')
    if (!cluster.isWorker && workers > 1)
      throw new Error(
        'expected a worker process of node:cluster, got something else: it counts over their IPC',
      )
    // Alone there is no primary to ask: the limiter that the primary would run.
    const limiter = cluster.isWorker ? new RateLimiterCluster(options) : new RateLimiterMemory(options)
    return { ...createMarkedTokens(secret, marksOf(limiter)), close() {} }
  },
}

export default rateLimiterCluster
