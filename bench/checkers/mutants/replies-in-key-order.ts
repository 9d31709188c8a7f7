import { setTimeout as wait } from 'node:timers/promises'
import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'
import { inPrimary } from './parts/in-primary.js'

type Reply = Promise<string | undefined>

/**
 * The mistake: takes are gathered into one query, whose rows come in the order of their keys, and are handed out in the
 * order of the requests. Two takes at once get each other's answer.
 */
const repliesInKeyOrder: Strategy = {
  name: 'replies-in-key-order',
  summary: 'One file per captcha, owned by the primary, which takes several in one go.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => {
    const store = fileStore(openFiles(dataDir), true)
    let ids: string[] = []
    let rows: Promise<Reply[]> | undefined

    async function takeBatch(): Promise<Reply[]> {
      await wait(5)
      rows = undefined
      const inKeyOrder = ids.sort()
      ids = []
      return inKeyOrder.map(async (id) => store.take(id))
    }

    return {
      ...store,
      async take(id) {
        const index = ids.push(id) - 1
        rows ??= takeBatch()
        return (await rows)[index]
      },
    }
  }),
}

export default repliesInKeyOrder
