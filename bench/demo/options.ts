import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { UsageError } from '../options.js'

/** What the demo was asked for. */
export interface DemoOptions {
  readonly strategy: string
  readonly workers: number
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly ttlSeconds: number
}

/**
 * Parses the command line.
 * @throws UsageError with commander's one line; `undefined` when help was asked for and printed
 */
export function parseDemoOptions(argv: readonly string[]): DemoOptions | undefined {
  const program = new Command('demo')
    .description(
      'Starts a captcha server of several workers and a page to see it fail, or not, in a browser.',
    )
    .option('--strategy <name>', 'name or module path; others can be chosen on the page', 'memory')
    .option('--workers <n>', 'worker processes of each server', whole(2, 16), 4)
    .option('--port <n>', 'of the page; 0 = any', whole(0, 65_535), 0)
    .option('--host <host>', 'where the page can be reached', '127.0.0.1')
    .option('--ttl <seconds>', 'how long a captcha lives', whole(1, 86_400), 120)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    throw new UsageError(`${error.message.replace(/^error: /, '')} (see --help)`)
  }
  const { strategy, workers, host, port, ttl } = program.opts()
  return { strategy, workers, host, port, ttlSeconds: ttl }
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }
}
