import { attachTracer, tracingLacks } from '../faults/tracer.js'
import type { SyncLine } from '../history.js'
import { messageOf } from '../message-of.js'
import { issue, take } from './captchas.js'
import { elsewhere } from './choose.js'
import type { OpenSite } from './site.js'

/** Far longer than a request takes otherwise, ms. */
const delayMs = 100

const samples = 5

const syncs = 'fsync,fdatasync,sync_file_range,msync'

/**
 * Delays every sync of the workers and asks for a few captchas, one at a time: an acknowledgement that comes sooner than the
 * delay was given before anything was synced. Only for those who claim that it is.
 */
export async function probeSync(site: OpenSite): Promise<void> {
  const { task, recorder, server } = site
  if (task.claims.survives !== 'power-loss' || task.signal.aborted) return
  const lack = tracingLacks()
  try {
    if (lack !== undefined) throw new Error(lack)
    const pids = server().workers.map(({ pid }) => pid)
    const tracer = await attachTracer(
      [...server().primaries, ...pids],
      syncs,
      `delay_exit=${delayMs * 1_000}`,
    )
    try {
      await takeSamples(site)
    } finally {
      await tracer.detach()
    }
  } catch (error) {
    const reason = `how soon syncs are acknowledged: ${messageOf(error)}`
    recorder.note({ kind: 'gap', atMs: recorder.nowMs(), checks: ['durability'], reason })
  }
}

async function takeSamples(site: OpenSite): Promise<void> {
  const { recorder, client } = site
  for (let sample = 0; sample < samples; sample += 1) {
    const issueMs = recorder.nowMs()
    const captcha = await issue(site, sample % client.workers)
    if (captcha === undefined) continue
    const takeMs = recorder.nowMs()
    noteSync(site, 'issue', takeMs - issueMs)
    const told = await take(site, captcha, elsewhere(site, captcha.issuer))
    if (told?.result === 'accepted') noteSync(site, 'take', recorder.nowMs() - takeMs)
  }
}

function noteSync({ recorder }: OpenSite, verb: SyncLine['verb'], tookMs: number): void {
  recorder.note({ kind: 'sync', atMs: recorder.nowMs(), verb, delayMs, tookMs })
}
