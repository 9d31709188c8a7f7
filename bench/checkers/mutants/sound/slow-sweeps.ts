import { setTimeout as wait } from 'node:timers/promises'
import type { Strategy } from '../../../../src/strategy.js'
import { type CaptchaFiles, fileStore, openFiles, sweepFiles } from '../parts/captcha-files.js'

/** Files looked at before the requests get their turn. */
const portion = 50

/** Sound: expired captchas stay on disk for up to three seconds, and nobody who asks gets one. */
const slowSweeps: Strategy = {
  name: 'slow-sweeps',
  summary:
    'One file per captcha, claimed by unlink; the sweeper comes every three seconds and takes its time.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    let sweeping = false
    let closed = false
    const sweeper = workerId === 0 ? setInterval(() => void sweep(), 3_000).unref() : undefined

    async function sweep(): Promise<void> {
      if (sweeping) return
      sweeping = true
      const ids = idsOf(files)
      for (let from = 0; from < ids.length && !closed; from += portion) {
        sweepFiles({ ...files, ids: () => ids.slice(from, from + portion) })
        await wait(2)
      }
      sweeping = false
    }

    return {
      ...fileStore(files, false),
      close() {
        closed = true
        clearInterval(sweeper)
      },
    }
  },
}

/** None while the directory cannot be listed: the next request says so. */
function idsOf(files: CaptchaFiles): readonly string[] {
  try {
    return files.ids()
  } catch {
    return []
  }
}

export default slowSweeps
