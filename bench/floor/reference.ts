import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { judge } from '../judge.js'
import { packageRoot } from '../paths.js'
import type { JudgingFigures } from '../report/floor.js'
import { writeReports } from '../report.js'
import { openRunFolder } from '../run-folder.js'

/** Judges a finished run and writes its reports to nowhere, once, as its own process did. */
export async function timeJudging(path: string): Promise<JudgingFigures> {
  const folder = { ...openRunFolder(path), writeText: async () => undefined }
  const records = await folder.readTiming()
  const startedMs = performance.now()
  const results = await judge(folder)
  const judgedMs = performance.now()
  await writeReports(folder, results)
  return {
    slices: records.filter(({ kind }) => kind === 'slice').length,
    histories: (await readdir(folder.historiesPath)).length,
    judgeMs: judgedMs - startedMs,
    reportsMs: performance.now() - judgedMs,
  }
}

/** Between two looks whether the first slice is on disk, ms. */
const lookEveryMs = 25

/**
 * Starts the default run and ends it by Ctrl-C as soon as its first slice is on disk.
 * @returns ms from its start until then
 * @throws Error when it ends before
 */
export async function timeFirstSlice(signal: AbortSignal): Promise<number> {
  const out = await mkdtemp(join(tmpdir(), 'crossworker-first-'))
  const startedMs = performance.now()
  const argv = [join(packageRoot, 'dist/bench/main.js'), '--out', out, '--quiet']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  try {
    while (!(await hasSlice(out))) {
      const isOver = child.exitCode !== null || child.signalCode !== null
      if (isOver || signal.aborted) throw new Error('expected the default run to measure, it ended before')
      await wait(lookEveryMs)
    }
    return performance.now() - startedMs
  } finally {
    child.kill('SIGINT')
    await ended
  }
}

async function hasSlice(out: string): Promise<boolean> {
  const [run] = await readdir(out)
  if (run === undefined) return false
  const text = await readFile(join(out, run, 'timing.ndjson'), 'utf8').catch(() => '')
  return text.includes('"kind":"slice"')
}
