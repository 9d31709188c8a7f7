import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { invocation } from '../invocation.js'
import { type Options, parseOptions, UsageError } from '../options.js'

/** What is compared with what, and how. */
export interface ComparisonOptions {
  /** A commit, branch or tag. */
  readonly base: string
  /** The share of a base's time per request that its head may take more. */
  readonly maxSlowdown: number | undefined
  readonly options: Options
}

const examples: readonly (readonly [argv: string, what: string])[] = [
  ['--base main', 'about 4 minutes'],
  ['--base HEAD --strategies sqlite', 'what is not committed yet'],
  ['--base v1.2.0 --strategies ./my-store.mjs --max-slowdown 10%', 'a limit'],
]

function more(): string {
  const calls = examples.map(([argv, what]) => [invocation('bench:ab', argv.split(' ')), what] as const)
  const width = Math.max(...calls.map(([call]) => call.length))
  const lines = calls.map(([call, what]) => `  ${call.padEnd(width)}  ${what}`)
  return `
And every option of ${invocation('bench')} (see ${invocation('bench', ['--help'])}) but for --reference and --only micro or scaling:
--strategies, --budget, --quick, --workers, --hosts, --topology, --connections, --rate, --seed, --out, --quiet, --only.
Without --strategies: memory, file, hybrid, sqlite. Unless --quick or --only timing, head's claims are looked at too.

Head is the working copy as it is, with what is not committed. Base is checked out, installed and built in a temporary
worktree, and both versions' servers run in the same blocks of one run. An operation is slower when its time or its CPU
time per request is, beyond chance (all comparisons of a run together err in 5 % of runs) and by more than 5 %.

Examples:
${lines.join('\n')}

Exit codes:
  0  nothing is slower; with --max-slowdown: everything is surely within it
  1  something is slower (with --max-slowdown: surely by more than that), or head broke a claim
  2  it could not measure: no repository, an unknown commit, a base that does not build or is too old, a run ended early
  3  with --max-slowdown only: whether something is slower than that stayed undecided`
}

/** What a run of two versions is asked about unless told: the default strategies that are not wrong on purpose. */
export const defaultPairs = ['memory', 'file', 'hybrid', 'sqlite'] as const

/**
 * Parses the command line; what it does not know itself is for `parseOptions`.
 * @throws UsageError with one line; `undefined` when help was asked for and printed
 */
export function parseComparisonOptions(
  argv: readonly string[],
  fallbackSeed: number,
): ComparisonOptions | undefined {
  const program = new Command('bench:ab')
    .description('Compares two versions of a store: a commit, and this working copy.')
    .requiredOption('--base <ref>', 'commit, branch or tag that this working copy is compared with')
    .option('--max-slowdown <share>', 'how much slower an operation may be, such as 5%', shareOf)
    .addHelpText('after', more())
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    throw new UsageError(`${error.message.replace(/^error: /, '')} (see --help)`)
  }
  const options = parseOptions(program.args, fallbackSeed)
  if (options === undefined) return undefined
  refuse(options)
  const { base, maxSlowdown }: { base: string; maxSlowdown?: number } = program.opts()
  const strategies = options.strategies ?? defaultPairs
  const [first = defaultPairs[0]] = strategies
  const reference = first === 'all' ? defaultPairs[0] : first
  return { base, maxSlowdown, options: { ...options, strategies, reference } }
}

function refuse({ studies, reference, failOn, baseline }: Options): void {
  const misplaced = studies.find((study) => study === 'micro' || study === 'scaling')
  if (misplaced !== undefined || !studies.includes('timing'))
    throw new UsageError(
      `--only: expected timing, or timing,correctness, when two versions are compared, got ${studies.join(',')}`,
    )
  if (reference !== 'memory')
    throw new UsageError(
      `--reference: expected nothing when two versions are compared, got ${reference}: each strategy is compared with its own base`,
    )
  const [given] = [
    ...failOn.map(({ text }) => `--fail-on ${text}`),
    ...(baseline ? [`--baseline ${baseline}`] : []),
  ]
  if (given !== undefined)
    throw new UsageError(
      `${given}: expected --max-slowdown, such as --max-slowdown 10%, when two versions are compared: gates and earlier runs are for ${invocation('bench')}`,
    )
}

function shareOf(text: string): number {
  const [, digits] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  const share = Number(digits) / 100
  if (share > 0 && share <= 1) return share
  throw new InvalidArgumentError('Expected a share from above 0% to 100%, such as 5%.')
}
