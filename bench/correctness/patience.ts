import type { Completion, Verb } from '../history.js'
import type { RecordedClient } from '../load/recorded-client.js'
import { noAnswer } from '../load/recorded-connection.js'

/** Each connection may be given up so often, of requests of one kind of which none is answered in between. */
const roundsWithout = 2

/**
 * The same client, until nothing it asks for in one way is answered any more: a site of which every request has to be waited for
 * until its limit would take hours to end, and has shown all it will.
 * @param onHopeless told once, with what was asked in vain
 */
export function withPatience(client: RecordedClient, onHopeless: (reason: string) => void): RecordedClient {
  const most = roundsWithout * client.connections
  const inVain = new Map<Verb, number>()
  let isOver = false

  function note(verb: Verb, told: Completion | undefined): void {
    if (isOver) return
    if (!isGivenUp(told)) {
      if (told?.result !== 'none') inVain.delete(verb)
      return
    }
    const count = (inVain.get(verb) ?? 0) + 1
    inVain.set(verb, count)
    if (count < most) return
    isOver = true
    onHopeless(
      `${count} requests in a row to ${verb} had no answer: ${told?.reason ?? 'no worker took a connection'}`,
    )
  }

  return {
    ...client,
    async run(worker, request) {
      const told = await client.run(worker, request)
      note(request.verb, told)
      return told
    },
  }
}

/** After a crash there is no answer either, but another worker comes. */
function isGivenUp(told: Completion | undefined): boolean {
  return told === undefined || (told.result === 'none' && told.reason?.startsWith(noAnswer) === true)
}
