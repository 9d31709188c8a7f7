/** How long a commit waits at the most for those whom the last one has answered, ms: what a commit takes on a busy machine. */
const gatherMs = 2

interface Waiting<Change> {
  readonly change: Change
  resolve(answer: string | undefined): void
  reject(error: unknown): void
}

/**
 * Changes that are committed together, one commit after another: what comes while one is under way goes into the next.
 *
 * Those whose changes were committed tend to come back at once, while others, who came during the commit, wait already. A commit
 * that began with these would have its next half as many again, for ever: two groups that take turns, and twice the commits. So
 * it waits, for a moment, until as many have come as there were.
 *
 * @param commit answers in the order of the changes; what it throws, each of them is told
 */
export function createGroupCommit<Change>(
  commit: (changes: readonly Change[]) => Promise<readonly (string | undefined)[]>,
) {
  let queue: Waiting<Change>[] = []
  let expected = 1
  let enough = (): void => undefined
  let running: Promise<void> | undefined

  /** Resolves when the commit that holds the change has been made. */
  function add(change: Change): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      queue.push({ change, resolve, reject })
      if (queue.length >= expected) enough()
      running ??= run()
    })
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      await gathered()
      const batch = queue
      queue = []
      const settle = await outcomeOf(batch)
      // Before anybody is answered: who is in the queue after this turn has not come back, but is one more.
      await turn()
      expected = batch.length + queue.length
      settle()
    }
    // In the same turn as the last look at the queue: a change queued any later starts anew.
    running = undefined
  }

  async function gathered(): Promise<void> {
    await turn()
    if (queue.length >= expected) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, gatherMs)
      enough = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    enough = () => undefined
  }

  async function outcomeOf(batch: readonly Waiting<Change>[]): Promise<() => void> {
    try {
      const answers = await commit(batch.map(({ change }) => change))
      return () => {
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index])
      }
    } catch (error) {
      return () => {
        for (const { reject } of batch) reject(error)
      }
    }
  }

  return { add, settled: async () => running }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
