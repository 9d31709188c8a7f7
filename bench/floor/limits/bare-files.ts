import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import type { Strategy } from '../../../src/strategy.js'

/**
 * The limit of `directory`: one file per captcha in as few system calls as can be. Not by creating and unlinking: ext4 makes each new
 * file pass over all inodes that were freed in the last minutes, 450 µs and more. A taken file goes to the next captcha, still open.
 */
const bareFiles: Strategy = {
  name: 'bare-files',
  summary: 'One file per captcha, renamed when it is taken and when it is used again.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  exhibit: 'A limit, not a store: no captcha ever ends, and all answers are of one length.',
  open({ dataDir, workerId }) {
    const spares: { readonly path: string; readonly descriptor: number }[] = []
    const buffer = Buffer.alloc(64)
    let taken = 0
    const pathOf = (id: string) => `${dataDir}/${id}`
    const textIn = (descriptor: number) =>
      buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, 64, 0))

    return {
      issue(answer) {
        const id = randomUUID()
        const spare = spares.pop()
        if (spare === undefined) {
          writeFileSync(pathOf(id), answer)
          return id
        }
        writeSync(spare.descriptor, answer, 0)
        closeSync(spare.descriptor)
        renameSync(spare.path, pathOf(id))
        return id
      },
      read(id) {
        const descriptor = openSync(pathOf(id), 'r')
        const answer = textIn(descriptor)
        closeSync(descriptor)
        return answer
      },
      take(id) {
        const descriptor = openSync(pathOf(id), 'r+')
        const answer = textIn(descriptor)
        taken += 1
        const path = pathOf(`spare-${workerId}-${taken}`)
        renameSync(pathOf(id), path)
        spares.push({ path, descriptor })
        return answer
      },
      close() {
        for (const { descriptor } of spares) closeSync(descriptor)
      },
    }
  },
}

export default bareFiles
