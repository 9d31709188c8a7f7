import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { entriesBelow } from '../files-below.js'
import { firstLineOf, messageOf } from '../message-of.js'
import { sqliteCheckEntry } from '../paths.js'
import type { RunningEngine } from '../services/engine.js'
import type { OpenSite } from './site.js'

/** An independent reader of the medium: whoever looks at any time must find whole files. */

export type Looked = Pick<OpenSite, 'recorder' | 'dataDir' | 'engines'>

/** Between two looks, ms. */
const lookMs = 100

/** Files of one look: a strategy with thousands of them is looked at in parts. */
const filesAtOnce = 50

const sqliteLimitMs = 30_000

/** Looks again and again while the server works. */
export function watchMedium(site: Looked): { stop(): Promise<void> } {
  let isOver = false
  let wake: () => void = () => undefined
  const done = watch()

  async function watch(): Promise<void> {
    while (!isOver) {
      await lookAtJson(site, true)
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, lookMs)
      })
    }
  }

  // Awaited when it is stopped, and not before: the site then says what went wrong, where nobody listening would end the harness.
  done.catch(() => undefined)
  return {
    async stop() {
      isOver = true
      wake()
      await done
    },
  }
}

/** One look at everything that has a format which can be checked. */
export async function inspect(site: Looked, underLoad: boolean): Promise<void> {
  await lookAtJson(site, underLoad)
  for (const name of await filesIn(site.dataDir)) {
    if (/\.(sqlite3?|db)$/.test(name)) await lookAtDatabase(site, name, underLoad)
  }
  for (const engine of site.engines.engines) await lookAtEngine(site, engine, underLoad)
}

async function lookAtEngine(
  { recorder }: Looked,
  { engine, own }: RunningEngine,
  underLoad: boolean,
): Promise<void> {
  if (own === undefined) return
  const what = `${engine}: all it holds`
  try {
    const detail = await own.inspect()
    const finding = detail === undefined ? { sound: true } : { sound: false, detail }
    recorder.note({ kind: 'integrity', atMs: recorder.nowMs(), underLoad, what, ...finding })
  } catch (error) {
    noteGap(recorder, `${what}: could not be read: ${messageOf(error)}`)
  }
}

function noteGap(recorder: Looked['recorder'], reason: string): void {
  recorder.note({ kind: 'gap', atMs: recorder.nowMs(), checks: ['integrity'], reason })
}

async function lookAtJson({ recorder, dataDir }: Looked, underLoad: boolean): Promise<void> {
  const names = (await filesIn(dataDir)).filter((name) => name.endsWith('.json'))
  for (const name of names.slice(0, filesAtOnce)) {
    const text = await readFile(join(dataDir, name), 'utf8').catch(() => undefined)
    // Gone between the listing and the look: a file that is replaced, or a captcha that was taken.
    if (text === undefined) continue
    const detail = complaintAbout(text)
    const finding = detail === undefined ? { sound: true } : { sound: false, detail }
    recorder.note({ kind: 'integrity', atMs: recorder.nowMs(), underLoad, what: `${name}: JSON`, ...finding })
  }
}

function complaintAbout(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return `${text.length} characters that are no JSON, beginning with ${JSON.stringify(text.slice(0, 40))}`
  }
}

async function lookAtDatabase(
  { recorder, dataDir }: Looked,
  name: string,
  underLoad: boolean,
): Promise<void> {
  const what = `${name}: integrity_check`
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [sqliteCheckEntry, join(dataDir, name)], {
      timeout: sqliteLimitMs,
    })
    const finding: { sound: boolean; detail?: string } = JSON.parse(stdout)
    recorder.note({ kind: 'integrity', atMs: recorder.nowMs(), underLoad, what, ...finding })
  } catch (error) {
    noteGap(recorder, `${what}: could not be asked: ${firstLineOf(error)}`)
  }
}

/** A word of a name, such as in `captchas.json.lock`; not three letters of a random id. */
const litter = /(^|[./_-])(tmp|temp|lock)\d*($|[./_-])/i

/**
 * LMDB's table of readers and its mutexes, beside the data for as long as there is an environment: whoever removed it would take
 * the mutual exclusion from everybody who has it open.
 */
function belongsToLmdb(name: string, all: readonly string[]): boolean {
  return basename(name) === 'lock.mdb' && all.includes(join(dirname(name), 'data.mdb'))
}

/** What a server that was stopped in good order has left beside its data. */
export async function lookForLitter({ recorder, dataDir }: Looked): Promise<void> {
  const entries = await entriesIn(dataDir)
  const found = entries.filter((name) => litter.test(name) && !belongsToLmdb(name, entries))
  const finding =
    found.length === 0
      ? { sound: true }
      : { sound: false, detail: `${found.length} left behind, such as ${found[0]}` }
  recorder.note({ kind: 'integrity', atMs: recorder.nowMs(), underLoad: false, what: 'litter', ...finding })
}

/** From the data directory. */
async function entriesIn(dataDir: string): Promise<readonly string[]> {
  const entries = await entriesBelow(dataDir)
  return entries.map(({ parentPath, name }) => relative(dataDir, join(parentPath, name)))
}

async function filesIn(dataDir: string): Promise<readonly string[]> {
  return (await entriesIn(dataDir)).filter((name) => /\.\w+$/.test(name))
}
