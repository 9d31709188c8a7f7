import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { markdown } from './report/markdown.js'
import type { Results } from './results.js'
import type { RunFolder } from './run-folder.js'

/** One line a format: file name → pure function from Results to text. */
const formats: Readonly<Record<string, (results: Results) => string>> = {
  'report.md': markdown,
}

/** Writes every report of a run beside its results. */
export async function writeReports(folder: RunFolder, results: Results): Promise<void> {
  for (const [name, format] of Object.entries(formats)) await folder.writeText(name, format(results))
}

/** Copies the newest run's results and report to where scripts and people look first. */
export async function publishLatest(folder: RunFolder): Promise<void> {
  const out = dirname(folder.path)
  await mkdir(out, { recursive: true })
  await copyFile(join(folder.path, 'results.json'), join(out, 'latest.json'))
  await copyFile(join(folder.path, 'report.md'), join(out, 'latest.md'))
}
