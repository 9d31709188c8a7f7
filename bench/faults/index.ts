import { corruptFile } from './corrupt-file.js'
import { crashAtWrite } from './crash-at-write.js'
import type { Fault } from './fault.js'
import { fullDisk } from './full-disk.js'
import { killWorker } from './kill-worker.js'
import { pauseWorker } from './pause-worker.js'
import { restart } from './restart.js'

export type { Fault, Strike, Target } from './fault.js'
export { corruptFile, crashAtWrite, fullDisk, killWorker, pauseWorker, restart }

/** Every fault there is, those that leave damage behind last. A new one is its file and its line here. */
export const faults: readonly Fault[] = [
  killWorker,
  pauseWorker,
  crashAtWrite,
  restart,
  fullDisk,
  corruptFile,
]
