import { afterAll } from 'vitest'
import { givenServices, openServices } from '../../bench/services.js'
import type { Engine, Services, Strategy } from '../strategy.js'

/** The engines of a test file, as those of a run: at the addresses given, throwaway ones, or none and why. */
export interface TestEngines {
  readonly services: Services
  /** @returns why a strategy cannot be tried here, if it cannot */
  lack(strategy: Pick<Strategy, 'engines'>): string | undefined
}

/** Call it at the top of a test file: what it starts ends with the file. */
export async function testEngines(
  wanted: readonly Engine[],
  given: Services = givenServices(process.env),
): Promise<TestEngines> {
  const open = openServices(given)
  afterAll(() => open[Symbol.asyncDispose]())
  const lacks = new Map<Engine, string>()
  let services: Services = {}
  for (const engine of wanted) {
    try {
      services = { ...services, ...(await open.shared([engine])).services }
    } catch (error) {
      lacks.set(engine, error instanceof Error ? error.message : String(error))
    }
  }
  return {
    services,
    lack: ({ engines = [] }) =>
      engines.map((engine) => lacks.get(engine)).find((reason) => reason !== undefined),
  }
}
