import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseResults } from '../judge.js'
import { readNdjson } from '../ndjson.js'
import { packageRoot } from '../paths.js'
import { formats } from '../report/formats.js'
import type { TimingRecord } from '../slices.js'

describe.each(['results/reference', 'results/reference/all'])('%s', (folder) => {
  const at = (name: string) => join(packageRoot, folder, name)

  test('has the reports that its results give, to the byte', async () => {
    const results = parseResults(readFileSync(at('results.json'), 'utf8'))
    const records = existsSync(at('timing.ndjson')) ? await readNdjson<TimingRecord>(at('timing.ndjson')) : []
    const slices = records.filter((record) => record.kind === 'slice')
    const different = Object.entries(formats).filter(([name, format]) => {
      const text = format(results, slices)
      return text !== (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '')
    })
    // Other: npm run report -- results/reference writes them anew.
    expect(different.map(([name]) => name)).toEqual([])
  }, 60_000)
})
