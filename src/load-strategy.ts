import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isObject, parseStrategy, StrategyError } from './shape.js'
import { importStrategy, strategyNames } from './strategies/index.js'
import type { Strategy } from './strategy.js'

export { parseStrategy, StrategyError } from './shape.js'

/** A name with a slash, a backslash or a dot is a path to a module, relative to the working directory. */
export function isModulePath(nameOrPath: string): boolean {
  return /[./\\]/.test(nameOrPath)
}

/**
 * Finds a strategy by its name in the registry, or imports the module at a path.
 * @throws StrategyError when there is none or it does not fit the contract
 */
export async function loadStrategy(nameOrPath: string): Promise<Strategy> {
  if (isModulePath(nameOrPath)) return parseStrategy(await importModule(nameOrPath), nameOrPath)
  const found = await importStrategy(nameOrPath)
  if (found !== undefined) return found
  const names = strategyNames.join(', ')
  throw new StrategyError(
    `expected one of ${names}, or a path to a module such as ./my-store.mjs, got ${JSON.stringify(nameOrPath)}`,
  )
}

async function importModule(path: string): Promise<unknown> {
  if (/\.[cm]?ts$/.test(path)) {
    throw new StrategyError(
      `${path}: expected JavaScript, got TypeScript; compile it first and name the .js file`,
    )
  }
  try {
    const module: object = await import(pathToFileURL(resolve(path)).href)
    return defaultOf(module, path)
  } catch (cause) {
    if (cause instanceof StrategyError) throw cause
    throw new StrategyError(
      `${path}: could not be imported: ${cause instanceof Error ? cause.message.split('\n')[0] : cause}`,
      { cause },
    )
  }
}

/** Of a module that a compiler turned into CommonJS, the default export lies one step deeper. */
function defaultOf(module: object, path: string): unknown {
  const found = 'default' in module ? module.default : undefined
  if (isObject(found) && found.__esModule === true) return found.default
  if (found !== undefined) return found
  const names = Object.keys(module).join(', ')
  const got = names === '' ? 'no export' : `no default among its exports: ${names}`
  throw new StrategyError(`${path}: expected a strategy as the default export, got ${got}`)
}
