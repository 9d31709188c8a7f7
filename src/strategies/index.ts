import type { Strategy } from '../strategy.js'
import directory from './directory.js'
import file from './file.js'
import fileNaive from './file-naive.js'
import hybrid from './hybrid.js'
import hybridNaive from './hybrid-naive.js'
import lmdb from './lmdb.js'
import manager from './manager.js'
import memory from './memory.js'
import postgres from './postgres.js'
import redis from './redis.js'
import sharedMemory from './shared-memory.js'
import sqlite from './sqlite.js'
import token from './token.js'
import tokenRedis from './token-redis.js'
import tokenSqlite from './token-sqlite.js'

/** The registry, in report order. A new strategy is its file and its line here. */
export const strategies: readonly Strategy[] = [
  memory,
  file,
  fileNaive,
  directory,
  hybrid,
  hybridNaive,
  sqlite,
  lmdb,
  manager,
  sharedMemory,
  token,
  tokenSqlite,
  tokenRedis,
  redis,
  postgres,
]
