import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { lookForLitter } from '../correctness/integrity.js'
import type { HistoryLine } from '../history.js'
import type { Recorder } from '../history-file.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function litterIn(...paths: readonly string[]): Promise<HistoryLine | undefined> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crossworker-litter-'))
  folders.push(dataDir)
  for (const path of paths) {
    mkdirSync(join(dataDir, dirname(path)), { recursive: true })
    writeFileSync(join(dataDir, path), '')
  }
  const lines: HistoryLine[] = []
  const recorder = {
    nowMs: () => 0,
    note: (line: HistoryLine) => void lines.push(line),
  } as unknown as Recorder
  const engines = { engines: [], services: {}, async [Symbol.asyncDispose]() {} }
  await lookForLitter({ recorder, dataDir, engines })
  return lines[0]
}

describe('litter', () => {
  test.each(['captchas.json.lock', 'file/x.tmp', 'lock.mdb', 'a/lock.mdb', 'captchas.mdb-lock'])(
    'is %s',
    async (path) => {
      expect(await litterIn('captchas.json', 'data.mdb.copy', path)).toMatchObject({ sound: false })
    },
  )

  test('is not what LMDB keeps beside its data, and only there', async () => {
    expect(await litterIn('a/data.mdb', 'a/lock.mdb')).toMatchObject({ sound: true })
    expect(await litterIn('a/data.mdb', 'b/lock.mdb')).toMatchObject({ sound: false })
    expect(await litterIn('a/data.mdb', 'a/lock.mdb', 'a/data.mdb.lock')).toMatchObject({ sound: false })
  })
})
