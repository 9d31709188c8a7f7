import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBytes } from '../draw-bytes.js'
import type { Strategy } from '../strategy.js'

type Contents = Record<string, { answer: string; expiresAt: number }>

const fileNaive: Strategy = {
  name: 'file-naive',
  summary:
    "The design note's file code: store writes a file holding only the new captcha, get reads the file.",
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  exhibit: 'Each issue overwrites the captcha before it, and get-then-write accepts one captcha twice.',
  open({ dataDir }) {
    const path = join(dataDir, 'captcha.json')

    async function load(): Promise<Contents> {
      return JSON.parse(await readFile(path, 'utf8').catch(() => '{}'))
    }

    async function get(id: string): Promise<string | undefined> {
      const captchas = await load()
      const captcha = Object.hasOwn(captchas, id) ? captchas[id] : undefined
      return captcha !== undefined && captcha.expiresAt > Date.now() ? captcha.answer : undefined
    }

    return {
      async issue(answer, ttlMs) {
        const id = drawBytes(18).toString('base64url')
        await writeFile(path, JSON.stringify({ [id]: { answer, expiresAt: Date.now() + ttlMs } }))
        return id
      },
      read: get,
      async take(id) {
        const answer = await get(id)
        if (answer !== undefined) await writeFile(path, '{}')
        return answer
      },
      close() {},
    }
  },
}

export default fileNaive
