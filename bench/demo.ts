import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { type DemoOptions, parseDemoOptions } from './demo/options.js'
import { openSession } from './demo/session.js'
import { buildWeb } from './demo/web.js'
import { exitCodes } from './exit-code.js'
import { interruption } from './interruption.js'
import { messageOf } from './message-of.js'
import { callRoster } from './roster.js'
import { givenServices, openServices } from './services.js'
import { seededRandom } from './statistics.js'

/** npm run demo: the design note's scenario in a browser. Ends on Ctrl-C, and leaves nothing behind. */

/** A login is then seen, and a hundred take three seconds. */
const paceMs = 20

async function demo({ strategy, workers, host, port, ttlSeconds }: DemoOptions): Promise<void> {
  const signal = interruption()
  await using services = openServices(givenServices(process.env))
  await using session = await openSession({
    strategy,
    lookAround: () => callRoster({ strategies: ['all', strategy], reference: strategy }, services),
    workers,
    ttlMs: ttlSeconds * 1_000,
    secret: randomBytes(32).toString('hex'),
    services,
    random: seededRandom(randomInt(2 ** 32)),
    paceMs,
  })
  const web = buildWeb(session, host)
  try {
    const url = await web.listen({ host, port })
    if (!isLoopback(host))
      process.stderr.write(
        `crossworker: the demo is open to everybody who can reach ${host}: they can start servers here and kill workers\n`,
      )
    process.stdout.write(`${url}\n${strategy} with ${workers} workers; Ctrl-C ends it\n`)
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await web.close()
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

try {
  const options = parseDemoOptions(process.argv.slice(2))
  if (options !== undefined) await demo(options)
} catch (error) {
  // The roster speaks of the bench's option.
  process.stderr.write(`crossworker: ${messageOf(error).replace(/^--strategies:/, '--strategy:')}\n`)
  process.exitCode = exitCodes.unmeasured
}
