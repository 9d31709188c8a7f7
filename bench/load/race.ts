import type { Completion } from '../history.js'
import type { Connection } from './recorded-connection.js'
import type { Request } from './recorded-exchange.js'

/**
 * Lets requests arrive together: every server process has all of its request but the last byte, then the last bytes leave in
 * one go. Sent whole, the first was often answered before the last was written.
 * @param number tells the ops of this race from those of others
 * @returns the completions, in the order of the connections
 */
export async function race(
  connections: readonly Connection[],
  requestFor: (index: number) => Request,
  number: number,
): Promise<readonly Completion[]> {
  await Promise.all(connections.map((connection, index) => connection.hold(requestFor(index))))
  // A turn of the loop, so that what the servers had to read before has left this process.
  await new Promise(setImmediate)
  return Promise.all(connections.map((connection) => connection.release(number)))
}
