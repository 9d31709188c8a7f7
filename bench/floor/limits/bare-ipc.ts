import cluster, { type Worker } from 'node:cluster'
import type { Strategy } from '../../../src/strategy.js'

/** What Node's own channel between the processes of a cluster allows: one empty message and its echo for each request. */
const bareIpc: Strategy = {
  name: 'bare-ipc',
  summary: 'An empty message to the primary and back over IPC, once per request; the id spells the answer.',
  claims: { scope: 'host', singleUse: false, survives: 'nothing' },
  exhibit: 'A limit, not a store: its ids can be guessed, replayed and read.',
  host() {
    const echo = (worker: Worker, message: unknown) => void (message === '' && worker.send(message))
    cluster.on('message', echo)
    return { close: () => void cluster.off('message', echo) }
  },
  open({ workerId }) {
    const waiting: (() => void)[] = []
    const answered = (message: unknown) => void (message === '' && waiting.shift()?.())
    process.on('message', answered)
    const ask = () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve)
        process.send?.('')
      })
    let issued = 0
    const answerOf = async (id: string) => {
      await ask()
      return id.slice(id.lastIndexOf('-') + 1)
    }
    return {
      async issue(answer) {
        await ask()
        issued += 1
        return `${workerId}-${issued}-${answer}`
      },
      read: answerOf,
      take: answerOf,
      close: () => void process.off('message', answered),
    }
  },
}

export default bareIpc
