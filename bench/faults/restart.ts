import { type Fault, usualAfterMs } from './fault.js'

/** Every process of the server dies at once; another server is started on what is left. */
export const restart: Fault = {
  name: 'restart',
  of: 'crash',
  loses: 'restart',
  strikes: 'all',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: () => undefined,
  async start({ server, startAgain }) {
    await server.kill()
    return { heal: startAgain }
  },
}
