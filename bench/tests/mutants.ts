import { join } from 'node:path'
import { missingLibrary, withRig } from '../../src/conformance.js'
import { parseStrategy } from '../../src/load-strategy.js'
import type { Strategy } from '../../src/strategy.js'
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

/** Which of them need a library that cannot be had here. */
export async function withoutLibrary(subjects: readonly Subject[]): Promise<ReadonlySet<string>> {
  const missing = await Promise.all(
    subjects.map(async ({ name }) => {
      const opened = withRig(strategyOf(name), {}, async (rig) => void (await rig.open(0)))
      return (await opened.then(() => undefined, missingLibrary)) === undefined ? [] : [name]
    }),
  )
  return new Set(missing.flat())
}
