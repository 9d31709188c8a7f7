import { read, take } from './captchas.js'
import { anyWorker } from './choose.js'
import { between } from './draw.js'
import type { Captcha } from './ledger.js'
import type { OpenSite } from './site.js'
import { pause } from './task.js'

/** What is done to one captcha at given shares of its life, on any worker. */
interface Visit {
  readonly life: number
  readonly act: typeof read
}

/**
 * Follows a captcha that was issued just now through its life and a little beyond. Half are looked at again and again and
 * asked for when they are over, which looking must not put off; a quarter are taken in time, and asked for again afterwards; a
 * quarter are left alone until they are over.
 */
export async function followLife(site: OpenSite, captcha: Captcha): Promise<void> {
  const issuedMs = performance.now()
  for (const { life, act } of drawVisits(site)) {
    await pause(issuedMs + life * site.ttlMs - performance.now(), site.task.signal)
    if (site.task.signal.aborted) return
    await act(site, captcha, anyWorker(site))
  }
}

function drawVisits({ random }: OpenSite): readonly Visit[] {
  const inTime = () => between(random, 0.3, 0.95)
  const late = between(random, 1.06, 1.4)
  const isOver: readonly Visit[] = [
    { life: late, act: read },
    { life: late, act: take },
  ]
  const kind = random()
  if (kind < 0.25) return isOver
  if (kind < 0.5) return [{ life: inTime(), act: take }, ...isOver.slice(1)]
  const looks = Array.from({ length: 1 + Math.floor(random() * 4) }, inTime).sort((a, b) => a - b)
  return [...looks.map((life) => ({ life, act: read })), ...isOver]
}
