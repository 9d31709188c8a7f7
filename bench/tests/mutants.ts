import { join } from 'node:path'
import { missingLibrary, withRig } from '../../src/conformance.js'
import { parseStrategy } from '../../src/load-strategy.js'
import type { Services, Strategy } from '../../src/strategy.js'
import { testEngines } from '../../src/tests/engines.js'
import { mutants, type Subject, sound } from '../checkers/mutants/index.js'
import { packageRoot } from '../paths.js'

const loaded = new Map(
  await Promise.all([...mutants, ...sound].map(async (each) => [each.name, await load(each)] as const)),
)

/** Its source instead of what the table names, so that no test depends on a build. */
async function load({ file }: Subject): Promise<Strategy> {
  const path = join(packageRoot, file.replace(/^dist\//, '').replace(/\.js$/, '.ts'))
  const module: { default?: unknown } = await import(path)
  return parseStrategy(module.default, path)
}

/** The strategy a line of the table names, through the same door as a third party's. */
export function strategyOf(name: string): Strategy {
  const strategy = loaded.get(name)
  if (strategy === undefined) throw new Error(`expected a name of the table, got ${name}`)
  return strategy
}

/** What they are tried with here. */
export interface Means {
  readonly services: Services
  /** Why some of them cannot be tried, by name: they need a library or an engine that cannot be had. */
  readonly unavailable: ReadonlyMap<string, string>
}

/** Call it at the top of a test file. */
export async function meansFor(subjects: readonly Subject[]): Promise<Means> {
  // Never the one whose address was given: some of them change its settings.
  const { services, lack } = await testEngines(['redis'], {})
  const reasons = await Promise.all(
    subjects.map(async ({ name }) => {
      const strategy = strategyOf(name)
      const opened = () => withRig(strategy, { services }, async (rig) => void (await rig.open(0)))
      const reason = lack(strategy) ?? (await opened().then(() => undefined, missingLibrary))
      return reason === undefined ? [] : [[name, reason] as const]
    }),
  )
  return { services, unavailable: new Map(reasons.flat()) }
}
