import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Results } from './results.js'
import type { RunFolder } from './run-folder.js'

/** Writes every report of a run beside its results. */
export async function writeReports(folder: RunFolder, results: Results): Promise<void> {
  // Not before: the library that draws has no business in a process that measures.
  const { formats } = await import('./report/formats.js')
  const records = await folder.readTiming()
  const slices = records.filter((record) => record.kind === 'slice')
  for (const [name, format] of Object.entries(formats)) {
    const text = format(results, slices)
    if (text !== '') await folder.writeText(name, text)
  }
}

/** Copies the newest run's results and report to where scripts and people look first. */
export async function publishLatest(folder: RunFolder): Promise<void> {
  const out = dirname(folder.path)
  await mkdir(out, { recursive: true })
  for (const [from, to] of [
    ['results.json', 'latest.json'],
    ['report.html', 'latest.html'],
  ] as const)
    await copyFile(join(folder.path, from), join(out, to))
  const text = await folder.readText('report.md')
  // Its pictures stay with the run.
  await writeFile(
    join(out, 'latest.md'),
    text.replaceAll('](charts/', `](${encodeURI(basename(folder.path))}/charts/`),
  )
}
