import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBytes } from '../draw-bytes.js'
import type { Strategy } from '../strategy.js'

type Contents = Record<string, { answer: string; expiresAt: number }>

const hybridNaive: Strategy = {
  name: 'hybrid-naive',
  summary:
    "The design note's hybrid: store writes memory and syncs a file behind it, get asks memory, then the file.",
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  exhibit:
    'Each worker syncs its own memory over the file of the others, and a take here leaves the copy there.',
  open({ dataDir }) {
    const path = join(dataDir, 'captchas.json')
    const memory = new Map<string, { answer: string; expiresAt: number }>()

    function syncBehind(): void {
      const now = Date.now()
      for (const [id, { expiresAt }] of memory) if (expiresAt <= now) memory.delete(id)
      writeFile(path, JSON.stringify(Object.fromEntries(memory))).catch(() => undefined)
    }

    async function fromFile(id: string): Promise<{ answer: string; expiresAt: number } | undefined> {
      const captchas: Contents = JSON.parse(await readFile(path, 'utf8').catch(() => '{}'))
      return Object.hasOwn(captchas, id) ? captchas[id] : undefined
    }

    async function get(id: string): Promise<string | undefined> {
      const captcha = memory.get(id) ?? (await fromFile(id))
      return captcha !== undefined && captcha.expiresAt > Date.now() ? captcha.answer : undefined
    }

    return {
      issue(answer, ttlMs) {
        const id = drawBytes(18).toString('base64url')
        memory.set(id, { answer, expiresAt: Date.now() + ttlMs })
        syncBehind()
        return id
      },
      read: get,
      async take(id) {
        const answer = await get(id)
        if (memory.delete(id)) syncBehind()
        return answer
      },
      close() {},
    }
  },
}

export default hybridNaive
