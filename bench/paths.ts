import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's own directory, from its sources and from dist alike. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)))

/** Servers run compiled JavaScript without a loader, whoever starts them: a loader would be measured too. */
export const serverEntry = join(packageRoot, 'dist/src/main.js')

/** From the package's root: plans are kept and shared, and name no folder of the machine they were made on. */
export const noopModule = 'dist/bench/controls/noop.js'
export const microEntry = join(packageRoot, 'dist/bench/micro/process.js')
export const skewedModule = 'dist/bench/controls/skewed.js'
export const crashingModule = join(packageRoot, 'dist/bench/controls/crashing.js')
export const sqliteCheckEntry = join(packageRoot, 'dist/bench/correctness/sqlite-check.js')
export const alarmEntry = join(packageRoot, 'dist/bench/load/alarm-thread.js')
export const heapProbeEntry = join(packageRoot, 'dist/bench/correctness/heap-probe.js')
export const probeEntry = join(packageRoot, 'dist/bench/probe.js')

function findRoot(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : findRoot(dirname(directory))
}

/** Where a library of ours is installed: below this package, or, where this package is one itself, beside it. */
export function folderOf(library: string): string | undefined {
  const places = createRequire(import.meta.url).resolve.paths(library) ?? []
  return places
    .map((place) => join(place, library))
    .find((folder) => existsSync(join(folder, 'package.json')))
}
