import type { Strategy } from '../../src/strategy.js'

/** The floor of every latency: what HTTP, routing and the harness cost when the store does nothing. */
const noop: Strategy = {
  name: 'noop',
  summary: 'Remembers nothing: the id spells the answer.',
  claims: { scope: 'fleet', singleUse: false, survives: 'power-loss' },
  exhibit: 'A control, not a store: its ids can be guessed, replayed and read.',
  open() {
    let issued = 0
    return {
      issue(answer) {
        issued += 1
        return `${issued.toString(36)}-${answer}`
      },
      read: (id) => id.slice(id.indexOf('-') + 1),
      take: (id) => id.slice(id.indexOf('-') + 1),
      close() {},
    }
  },
}

export default noop
