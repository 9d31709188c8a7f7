import type { Strategy } from '../strategy.js'
import directory from './directory.js'
import file from './file.js'
import fileNaive from './file-naive.js'
import hybrid from './hybrid.js'
import hybridNaive from './hybrid-naive.js'
import memory from './memory.js'
import sharedMemory from './shared-memory.js'
import sqlite from './sqlite.js'

/** The registry, in report order. A new strategy is its file and its line here. */
export const strategies: readonly Strategy[] = [
  memory,
  file,
  fileNaive,
  directory,
  hybrid,
  hybridNaive,
  sqlite,
  sharedMemory,
]
