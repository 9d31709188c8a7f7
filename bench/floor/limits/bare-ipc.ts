import type { Strategy } from '../../../src/strategy.js'

/** The limit of whatever asks the primary: one empty call for each request, and nothing is remembered. */
const bareIpc: Strategy = {
  name: 'bare-ipc',
  summary: 'Asks the primary nothing over IPC, once per request; the id spells the answer.',
  claims: { scope: 'host', singleUse: false, survives: 'nothing' },
  exhibit: 'A limit, not a store: its ids can be guessed, replayed and read.',
  host: () => ({ handle: () => undefined, close() {} }),
  open({ call, workerId }) {
    let issued = 0
    const answerOf = async (id: string) => {
      await call(undefined)
      return id.slice(id.lastIndexOf('-') + 1)
    }
    return {
      async issue(answer) {
        await call(undefined)
        issued += 1
        return `${workerId}-${issued}-${answer}`
      },
      read: answerOf,
      take: answerOf,
      close() {},
    }
  },
}

export default bareIpc
