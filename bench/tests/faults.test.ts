import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { mountingLacks, mountSmallDisk } from '../faults/full-disk.js'
import { corruptFile, type Fault, faults, fullDisk, type Target } from '../faults/index.js'
import { attachTracer, tracingLacks } from '../faults/tracer.js'
import { isAlive } from '../processes.js'
import { seededRandom } from '../statistics.js'
import type { Server } from '../topology.js'

const folder = mkdtempSync(join(tmpdir(), 'crossworker-faults-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const server: Server = {
  topology: 'processes',
  addresses: [{ endpoint: '', instance: '', workers: [], first: 0 }],
  dataDir: folder,
  primaries: [],
  workers: [],
  replaced: () => new Promise(() => undefined),
  kill: () => Promise.resolve(),
  cpuUs: () => undefined,
  ended: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

function targetOf(name: string, files: Readonly<Record<string, string>>): Target {
  const dataDir = join(folder, name)
  mkdirSync(dataDir)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dataDir, file), text)
  return {
    worker: 0,
    server,
    dataDir,
    engines: [],
    random: seededRandom(1),
    startAgain: () => Promise.resolve(),
  }
}

async function strikeAt(fault: Fault, target: Target): Promise<string | undefined> {
  const struck = await fault.start(target)
  if (struck.missed === undefined) await struck.heal?.()
  return struck.missed
}

describe('the table of faults', () => {
  test('has each once, and says of each whether it can strike here', () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
    for (const { needs } of faults)
      expect(needs()).toSatisfy((lack) => lack === undefined || lack.length > 10)
  })

  test('needs strace for crashes at a system call, and root for a medium of its own', () => {
    const lacking = (name: string) => faults.find((fault) => fault.name === name)?.needs()
    expect(lacking('crash-at-write')).toBe(tracingLacks())
    expect(lacking('full-disk')).toBe(mountingLacks())
    for (const name of ['kill-worker', 'pause-worker', 'restart', 'corrupt-file'])
      expect(lacking(name)).toBeUndefined()
    if (process.getuid?.() !== 0) expect(lacking('full-disk')).toMatch(/root/)
  })
})

describe('a damaged file', () => {
  test('holds something else, whichever way it is damaged', async () => {
    const whole = JSON.stringify({ captchas: 'x'.repeat(200) })
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`${n}.json`, whole]))
    const target = targetOf('damaged', files)
    expect(await strikeAt(corruptFile, target)).toBeUndefined()
    const texts = Object.keys(files).map((file) => readFileSync(join(target.dataDir, file), 'utf8'))
    for (const text of texts) expect(() => JSON.parse(text)).toThrow()
    expect(new Set(texts.map(({ length }) => length)).size).toBeGreaterThan(1)
  })

  test('is none where nothing is kept, and what its users hold in memory is left alone', async () => {
    const held = { 'a.sqlite-shm': 'index', 'lock.mdb': 'readers' }
    const target = targetOf('empty', { 'a.json': '', ...held })
    expect(await strikeAt(corruptFile, target)).toMatch(/keeps no file/)
    for (const [name, text] of Object.entries(held))
      expect(readFileSync(join(target.dataDir, name), 'utf8')).toBe(text)
  })
})

describe('a full disk', () => {
  test('is missed on a medium that is everybody’s', async () => {
    expect(await strikeAt(fullDisk, targetOf('everybody', {}))).toMatch(/none that can be filled/)
  })

  test.skipIf(mountingLacks() !== undefined)(
    'has no room for a byte, later has, and is gone in the end',
    async ({ skip }) => {
      const disk = await mountSmallDisk(2 ** 20).catch((error: Error) =>
        skip(`cannot mount: ${error.message}`),
      )
      const path = join(disk.path, 'file')
      try {
        const struck = await fullDisk.start({
          ...targetOf('disk', {}),
          ballastPath: join(disk.path, 'ballast'),
        })
        expect(() => writeFileSync(path, 'x')).toThrow(/ENOSPC/)
        if (struck.missed === undefined) await struck.heal?.()
        writeFileSync(path, 'x')
        expect(statSync(path).size).toBe(1)
      } finally {
        await disk[Symbol.asyncDispose]()
      }
      expect(existsSync(disk.path)).toBe(false)
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(disk.path)
    },
  )
})

const looping = "const fs = require('fs'); setInterval(() => fs.fdatasyncSync(fs.openSync('.')), 5)"

describe.skipIf(tracingLacks() !== undefined)('a tracer', () => {
  test('kills at a system call, and ends with whom it traced', async () => {
    const child = spawn(process.execPath, ['-e', looping], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    const tracer = await attachTracer([child.pid ?? 0], 'fdatasync', 'signal=KILL:when=3')
    expect(await exited).toEqual([null, 'SIGKILL'])
    await tracer.ended
    expect(isAlive(child.pid ?? 0)).toBe(false)
  })

  test('lets go of a process, which runs on', async () => {
    const child = spawn(process.execPath, ['-e', looping], { stdio: 'ignore' })
    const tracer = await attachTracer([child.pid ?? 0], 'fsync', 'delay_exit=1000')
    await tracer.detach()
    expect(isAlive(child.pid ?? 0)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('says why it could not begin', async () => {
    const child = spawn(process.execPath, ['-e', looping], { stdio: 'ignore' })
    await expect(attachTracer([child.pid ?? 0], 'nonsense', 'delay_exit=1')).rejects.toThrow(
      /could not attach/,
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
})
