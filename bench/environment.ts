import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { folderOf, packageRoot } from './paths.js'
import type { EngineFacts } from './services.js'

/** The machine and the versions a run was made with; absolute times mean nothing without them. */
export interface Environment {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  readonly crossworker: string
  readonly libraries: Readonly<Record<string, string>>
  /** Network engines that strategies use; absent in records from before there were any. */
  readonly engines?: EngineFacts[]
  /** One minute's load average before the run. */
  readonly loadAverage: number
  /** Share of CPU time taken by the host of this virtual machine since it started; `null` where unknown. */
  readonly steal: number | null
}

const librariesShown = ['fastify', 'autocannon', 'better-sqlite3', 'redis', 'pg', 'svg-captcha'] as const

export async function readEnvironment(engines: EngineFacts[] = []): Promise<Environment> {
  const libraries = await Promise.all(
    librariesShown.map(async (name) => [name, await versionOf(folderOf(name))] as const),
  )
  const time = readCpuTime()
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    crossworker: await versionOf(packageRoot),
    libraries: Object.fromEntries(libraries),
    ...(engines.length > 0 && { engines }),
    loadAverage: loadavg()[0] ?? 0,
    steal: time && stealShare({ total: 0, steal: 0 }, time),
  }
}

/** @returns "not installed" where there is no such folder */
export async function versionOf(folder: string | undefined): Promise<string> {
  if (folder === undefined) return 'not installed'
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
  const { version }: { version?: string } = JSON.parse(text)
  return version ?? 'not installed'
}

/** CPU time of the whole machine since it started, in ticks. */
export interface CpuTime {
  readonly total: number
  readonly steal: number
}

/** From the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; `null` elsewhere. */
export function readCpuTime(): CpuTime | null {
  try {
    const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? ''
    const ticks = line.split(/\s+/).slice(1, 9).map(Number)
    return { total: ticks.reduce((sum, tick) => sum + tick, 0), steal: ticks[7] ?? 0 }
  } catch {
    return null
  }
}

export function stealShare(before: CpuTime, after: CpuTime): number {
  const total = after.total - before.total
  return total > 0 ? (after.steal - before.steal) / total : 0
}
