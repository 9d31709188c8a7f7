import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { drawBytes } from '../draw-bytes.js'
import type { CaptchaStore, Strategy } from '../strategy.js'
import { createGroupCommit } from './files/group-commit.js'
import { type Captchas, entryOf, type JsonFile, openJsonFile, type Snapshot } from './files/json-file.js'
import { answerWorkers, askPrimary } from './manager.js'

/** Times a batch is tried again after another server's commit got in first. */
const fenceRetries = 20

/** Changes what it is given, and says what to answer once that is on disk. */
type Change = (captchas: Captchas) => string | undefined

/**
 * One JSON file for all workers, `{"generation":N,"captchas":{id:[answer,expiresAt]}}`, written by the primary alone.
 *
 * A commit writes the whole file and waits for the disk, whether it holds one change or fifty. So the changes of all workers
 * queue in one place, and whatever is there when a commit begins goes into it. It is synchronous: requests that come
 * meanwhile wait in their channels, which is where the next batch gathers, and two trips to the thread pool are saved.
 *
 * Two servers on one directory do no harm: what makes a commit safe is the fence in `install`, and no lock. A lock would be
 * in the way of a server that follows one that was killed, and one paused past its staleness still believes it holds it.
 */
const file: Strategy = {
  name: 'file',
  summary: 'One JSON file, written by the primary: committed in groups, fenced, replaced by rename.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  host({ dataDir }) {
    const medium = openJsonFile(dataDir)
    medium.create()
    return answerWorkers(createStore(medium))
  },
  open: ({ call }) => askPrimary(call),
}

function createStore(medium: JsonFile): CaptchaStore {
  /** `undefined` when memory may be ahead of the disk. */
  let snapshot: Snapshot | undefined = medium.load()
  const changes = createGroupCommit(commit)
  const sweeper = setInterval(() => sweep().catch(() => undefined), 1_000).unref()

  /** What is on disk, whoever wrote it. */
  function current(): Snapshot {
    if (snapshot?.generation !== medium.generation()) snapshot = medium.load()
    return snapshot
  }

  /** Changes memory first. Where that does not reach the disk memory is thrown away, and read again by who needs it next. */
  async function commit(batch: readonly Change[]): Promise<(string | undefined)[]> {
    for (let attempt = 0; attempt < fenceRetries; attempt += 1) {
      const { generation, captchas } = current()
      snapshot = undefined
      const answers = batch.map((apply) => apply(captchas))
      dropExpired(captchas)
      const next = { generation: generation + 1, captchas }
      if (medium.install(next)) {
        snapshot = next
        return answers
      }
      // Two servers remove each other's files and both fail: waits that differ end that.
      await wait(randomInt(1, 10))
    }
    throw new Error(
      `expected to commit within ${fenceRetries} tries, but another server committed first each time`,
    )
  }

  /** Rejects when the file is missing or corrupt: the next request says so, where an error in a timer would end the primary. */
  async function sweep(): Promise<void> {
    const now = Date.now()
    for (const { expiresAt } of current().captchas.values()) {
      if (expiresAt <= now) return void (await changes.add(() => undefined))
    }
  }

  /** That memory knows nothing of a captcha counts only while memory is what is on disk. */
  function isKnown(id: string): boolean {
    const remembered = snapshot && aliveIn(snapshot.captchas, id)
    return remembered !== undefined || aliveIn(current().captchas, id) !== undefined
  }

  return {
    async issue(answer, ttlMs) {
      const id = drawBytes(18).toString('base64url')
      await changes.add((captchas) => void captchas.set(id, entryOf(id, answer, Date.now() + ttlMs)))
      return id
    },
    async read(id) {
      return aliveIn(current().captchas, id)
    },
    async take(id) {
      if (!isKnown(id)) return undefined
      return changes.add((captchas) => {
        const answer = aliveIn(captchas, id)
        captchas.delete(id)
        return answer
      })
    },
    async close() {
      clearInterval(sweeper)
      await changes.settled()
    },
  }
}

function aliveIn(captchas: Captchas, id: string): string | undefined {
  const entry = captchas.get(id)
  return entry !== undefined && entry.expiresAt > Date.now() ? entry.answer : undefined
}

function dropExpired(captchas: Captchas): void {
  const now = Date.now()
  for (const [id, { expiresAt }] of captchas) if (expiresAt <= now) captchas.delete(id)
}

export default file
