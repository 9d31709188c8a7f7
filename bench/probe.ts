import { loadStrategy } from '../src/load-strategy.js'
import type { Host, Services, Strategy } from '../src/strategy.js'
import { handedOver } from './services/hand-over.js'

/**
 * A program of its own, because a native module that does not fit this machine may take its process with it: opens one
 * store of the strategy named by its first argument in the directory that is its second, issues and takes one captcha, and
 * prints what it found as one JSON line. A strategy whose engines it was given no addresses of is not opened: `reason` names
 * them.
 */
export type ProbeResult =
  | { readonly found: false; readonly reason: string }
  | (Pick<Strategy, 'name' | 'summary' | 'claims' | 'exhibit' | 'engines'> & {
      readonly found: true
      readonly reason?: string
    })

async function probe(nameOrPath: string, dataDir: string): Promise<ProbeResult> {
  let strategy: Strategy
  try {
    strategy = await loadStrategy(nameOrPath)
  } catch (error) {
    return { found: false, reason: messageOf(error) }
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
  const lacking = engines.filter((engine) => addressOf[engine](services) === undefined)
  if (lacking.length > 0) return { ...found, reason: `it needs ${lacking.join(' and ')}` }
  try {
    await tryOnce(strategy, dataDir, services)
    return found
  } catch (error) {
    return { ...found, reason: messageOf(error) }
  }
}

const addressOf = {
  redis: ({ redisUrl }: Services) => redisUrl,
  postgres: ({ postgresUrl }: Services) => postgresUrl,
} as const

async function tryOnce(strategy: Strategy, dataDir: string, services: Services): Promise<void> {
  const host: Host | undefined = await strategy.host?.({
    dataDir,
    workers: 1,
    topology: 'processes',
    services,
  })
  const store = await strategy.open({
    dataDir,
    workerId: 0,
    workers: 1,
    secret: new Uint8Array(32),
    services,
    handoff: host?.handoff,
    call: async (message) => host?.handle?.(message, 0),
  })
  const id = await store.issue('PROBE', 10_000)
  await store.take(id)
  await store.close()
  await host?.close()
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}

const [nameOrPath = '', dataDir = ''] = process.argv.slice(2)
const result = await probe(nameOrPath, dataDir)
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0))
