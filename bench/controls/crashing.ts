import type { Strategy } from '../../src/strategy.js'

/** How long `spin` computes, ms: many times what starting it in one worker after another takes. */
const spinMs = 400

const deeds: Readonly<Record<string, () => void>> = {
  /** A mistake in JavaScript that nobody catches. */
  throw: () =>
    void setImmediate(() => {
      throw new Error('thrown on purpose')
    }),
  /** What no JavaScript can catch: a fault in native code, or the system that runs out of memory. */
  die: () => void process.kill(process.pid, 'SIGKILL'),
  spin() {
    for (const untilMs = performance.now() + spinMs; performance.now() < untilMs; );
  },
}

/** Remembers nothing; a read of one of a few ids does the worker harm. */
const crashing: Strategy = {
  name: 'crashing',
  summary: 'Does what the id that is read says, to show what becomes of the other workers.',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  exhibit: 'A control, not a store: it crashes on demand.',
  open: () => ({
    issue: () => 'nothing',
    read(id) {
      deeds[id]?.()
      return undefined
    },
    take: () => undefined,
    close() {},
  }),
}

export default crashing
