import { once } from 'node:events'
import file from '../strategies/file.js'
import { askPrimary } from '../strategies/manager.js'

/** A server's primary in the tests of `file`: what it is asked to issue and to take, it does all at once, with all it has. */
export type Job = { readonly issue: readonly string[] } | { readonly take: readonly string[] }

/** What came of each, in order: an id or an answer; `null` for nothing. */
export type Report = readonly (string | null)[]

const [dataDir = ''] = process.argv.slice(2)
const host = await file.host?.({
  dataDir,
  workers: 1,
  topology: 'processes',
  secret: new Uint8Array(32),
  services: {},
  fleetHost: '127.0.0.1',
})
const store = askPrimary(async (message) => host?.handle?.(message, 0))

async function run(job: Job): Promise<Report> {
  const told =
    'issue' in job ? job.issue.map((answer) => store.issue(answer, 60_000)) : job.take.map(store.take)
  return (await Promise.all(told)).map((text) => text ?? null)
}

process.on('message', async (job: Job) => process.send?.(await run(job).catch(String)))
process.send?.('ready')
await once(process, 'disconnect')
await host?.close()
