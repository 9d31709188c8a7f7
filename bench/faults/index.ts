import { corruptFile } from './corrupt-file.js'
import { crashAtWrite } from './crash-at-write.js'
import { crashEngine } from './crash-engine.js'
import type { Fault } from './fault.js'
import { fullDisk } from './full-disk.js'
import { killWorker } from './kill-worker.js'
import { pauseEngine } from './pause-engine.js'
import { pauseWorker } from './pause-worker.js'
import { restart } from './restart.js'
import { stopEngine } from './stop-engine.js'

export type { Fault, Strike, Target } from './fault.js'
export {
  corruptFile,
  crashAtWrite,
  crashEngine,
  fullDisk,
  killWorker,
  pauseEngine,
  pauseWorker,
  restart,
  stopEngine,
}

/** Every fault there is, those that leave damage behind last. A new one is its file and its line here. */
export const faults: readonly Fault[] = [
  killWorker,
  pauseWorker,
  crashAtWrite,
  restart,
  stopEngine,
  pauseEngine,
  crashEngine,
  fullDisk,
  corruptFile,
]
