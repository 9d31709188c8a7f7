import { guessWrongly, issue, leave, probe, raceFor, readAround, takeOnce } from './captchas.js'
import { anyWorker } from './choose.js'
import type { Captcha } from './ledger.js'
import type { OpenSite } from './site.js'
import { pause } from './task.js'

/** Shares of the captchas something is done with, 0 to 1; the rest is taken once. */
export interface Mix {
  /** Read before anything else is done. */
  readonly read: number
  readonly leave: number
  readonly race: number
  readonly guessWrongly: number
  readonly probe: number
}

export interface Workload {
  readonly mix: Mix
  /** More than there are connections, so that none of those idles. */
  readonly clients: number
  readonly isOver: () => boolean
  /** Of a client after each captcha; none unless told. */
  readonly restMs?: number
}

type Deed = (site: OpenSite, captcha: Captcha) => Promise<void>

/** So many clients issue captchas, one after another each, and do with them what is drawn. */
export async function runWorkload(
  site: OpenSite,
  { mix, clients, isOver, restMs = 0 }: Workload,
): Promise<void> {
  const deeds: readonly (readonly [share: number, deed: Deed])[] = [
    [mix.leave, leave],
    [mix.race, raceFor],
    [mix.guessWrongly, guessWrongly],
    [mix.probe, probe],
  ]

  function draw(): Deed {
    let left = site.random()
    for (const [share, deed] of deeds) {
      if (left < share) return deed
      left -= share
    }
    return takeOnce
  }

  async function client(): Promise<void> {
    while (!isOver()) {
      const captcha = await issue(site, anyWorker(site))
      if (captcha === undefined) continue
      if (site.random() < mix.read) await readAround(site, captcha)
      await draw()(site, captcha)
      if (restMs > 0) await pause(restMs, site.task.signal)
    }
  }

  await Promise.all(Array.from({ length: clients }, client))
}

/** A workload that goes on until it is told to stop. */
export interface Load {
  /** Resolves when every client has ended what it was about. */
  stop(): Promise<void>
}

export function startLoad(site: OpenSite, mix: Mix): Load {
  let isOver = false
  // As many as connections: those to a worker that stands still leave enough who work on.
  const clients = site.client.connections
  const done = runWorkload(site, {
    mix,
    clients,
    isOver: () => isOver || site.task.signal.aborted,
    restMs: site.task.restMs,
  })
  // Awaited when it is stopped, and not before.
  done.catch(() => undefined)
  return {
    async stop() {
      isOver = true
      await done
    },
  }
}
