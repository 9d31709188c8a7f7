import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { messageOf } from './message-of.js'
import { nullable } from './results/schema.js'

/** What `--baseline` takes from the results.json of an earlier run. */

const positive = () => Type.Number({ exclusiveMinimum: 0 })
const Interval = Type.Object({ low: positive(), high: positive() })

// Fields it does not name are let through and dropped: runs of other versions have more, or fewer.
const EarlierRun = Type.Object({
  run: Type.Object({
    id: Type.String(),
    startedAt: Type.String(),
    command: Type.String(),
    workers: Type.Integer(),
    connections: Type.Integer(),
    baseline: Type.String(),
    topology: Type.Optional(Type.String()),
    hosts: Type.Optional(Type.Integer()),
    rate: Type.Optional(Type.Integer()),
  }),
  environment: Type.Object({
    cpu: Type.String(),
    cores: Type.Integer(),
    memoryBytes: Type.Number(),
    system: Type.String(),
    node: Type.String(),
    engines: Type.Optional(
      Type.Array(
        Type.Object({ engine: Type.String(), version: Type.String(), origin: Type.Enum(['own', 'given']) }),
      ),
    ),
  }),
  strategies: Type.Array(
    Type.Object({
      name: Type.String(),
      timing: Type.Optional(
        Type.Array(
          Type.Object({
            operation: Type.Enum(['write', 'read', 'take']),
            source: Type.Enum(['client', 'store']),
            slices: Type.Integer(),
            throughput: nullable(Type.Number()),
            p50Us: nullable(Type.Number()),
            p99Us: nullable(Type.Number()),
            cpuUsPerOp: nullable(Type.Number()),
            intervals: Type.Object({
              throughput: nullable(Interval),
              p50Us: nullable(Interval),
              p99Us: nullable(Interval),
              cpuUsPerOp: nullable(Interval),
            }),
            openLoop: Type.Optional(Type.Object({ kept: Type.Boolean() })),
            ratios: Type.Array(
              Type.Object({
                metric: Type.Enum(['throughput', 'p50Us', 'p99Us', 'cpuUsPerOp']),
                value: positive(),
                low: positive(),
                high: positive(),
              }),
            ),
          }),
        ),
      ),
    }),
  ),
})

/** An earlier run, as far as another is compared with it; kept in that one's folder as `earlier.json`. */
export type EarlierRun = Static<typeof EarlierRun>

const schemaVersion = 1

/**
 * Pure: takes what is compared from a results.json and drops the rest.
 * @throws Error in one line that says what was expected and what came
 */
export function parseEarlier(text: string): EarlierRun {
  const value = parsedJson(text)
  const version = Object(value).schemaVersion
  if (version !== schemaVersion)
    throw new Error(
      `expected a results.json of schemaVersion ${schemaVersion}, got ${version === undefined ? 'none' : JSON.stringify(version)}`,
    )
  if (!Value.Check(EarlierRun, value)) {
    const [first] = Value.Errors(EarlierRun, value)
    throw new Error(`expected ${first?.message ?? 'another shape'} at ${first?.instancePath || 'the top'}`)
  }
  const found = Value.Clean(EarlierRun, value) as EarlierRun
  const names = new Set(found.strategies.map(({ name }) => name))
  if (names.size < found.strategies.length) throw new Error('expected every strategy once')
  if (!found.strategies.some(({ timing = [] }) => timing.some(({ slices }) => slices > 0)))
    throw new Error('expected a run whose timing study measured something, got one without')
  return found
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The parser quotes what it choked on, lines and all.
    throw new Error(`expected JSON, got something else (${messageOf(cause).replaceAll(/\s+/g, ' ')})`, {
      cause,
    })
  }
}

type Compared = Pick<EarlierRun, 'environment'> & {
  readonly run: Omit<EarlierRun['run'], 'id' | 'startedAt' | 'command' | 'baseline'>
}

/** Machines of one kind tell a little more or less memory, by what their kernel keeps for itself. */
const sameMemory = 0.05

interface Trait {
  readonly name: string
  readonly of: (run: Compared) => string | number
  readonly isSame?: (now: string | number, then: string | number) => boolean
}

/** What must be alike for two runs to be compared: the machine, and what the servers were put to. */
const traits: readonly Trait[] = [
  { name: 'CPU', of: ({ environment }) => environment.cpu },
  { name: 'cores', of: ({ environment }) => environment.cores },
  {
    name: 'bytes of memory',
    of: ({ environment }) => environment.memoryBytes,
    isSame: (now, then) => Math.abs(Number(now) / Number(then) - 1) <= sameMemory,
  },
  { name: 'system', of: ({ environment }) => environment.system.split(' ')[0] ?? '' },
  { name: 'Node', of: ({ environment }) => majorOf(environment.node) },
  { name: 'workers', of: ({ run }) => run.workers },
  { name: 'hosts', of: ({ run }) => run.hosts ?? 1 },
  { name: 'topology', of: ({ run }) => run.topology ?? 'processes' },
  { name: 'connections', of: ({ run }) => run.connections },
  { name: 'requests per second', of: ({ run }) => run.rate ?? 'a closed loop' },
]

/** Pure: in what machine, settings and engines two runs differ, such as "cores: 2 now, 4 then". */
export function differencesOf(now: Compared, then: Compared): string[] {
  const found = traits.flatMap(({ name, of, isSame = Object.is }) =>
    isSame(of(now), of(then)) ? [] : [`${name}: ${of(now)} now, ${of(then)} then`],
  )
  return [...found, ...(now.environment.engines ?? []).flatMap((engine) => engineDifferences(engine, then))]
}

type EngineFacts = NonNullable<EarlierRun['environment']['engines']>[number]

/** Of an engine both used. The CPU time of one that was given is in no figure, so its origin is a difference in kind. */
function engineDifferences(now: EngineFacts, { environment }: Compared): string[] {
  const then = environment.engines?.find(({ engine }) => engine === now.engine)
  if (then === undefined) return []
  const [version, other] = [majorOf(now.version), majorOf(then.version)]
  return [
    ...(now.origin === then.origin ? [] : [`${now.engine}: ${now.origin} now, ${then.origin} then`]),
    ...(version === other ? [] : [`version of ${now.engine}: ${version} now, ${other} then`]),
  ]
}

function majorOf(version: string): string {
  return version.replace(/^v?(\d+).*$/s, '$1')
}
