import { Socket } from 'node:net'
import type { Pool, PoolConfig, QueryConfig } from 'pg'
import { drawBytes } from '../draw-bytes.js'
import type { Services, Strategy } from '../strategy.js'

/** A PostgreSQL that has not answered by then is not waited for any longer, nor a connection to it; each, ms. */
const limitMs = 2_000

/**
 * Of each worker; one statement is under way on each. Those that wait for the disk wait together, so more of them cost no more
 * time; with eight workers on each of two hosts all fit into the hundred an engine has room for, unless told.
 */
const connections = { quick: 2, durable: 4 } as const

/** The longest a good-bye may take, ms. */
const farewellMs = 300

/** Rows one sweep removes at once. */
const sweepPortion = 1_000

/**
 * Several hosts of a fleet may come at once, and IF NOT EXISTS alone lets two of them create it at the same time, one in vain. The
 * answer is bytes, because text has no room for a NUL.
 */
const schema = `
  SELECT pg_advisory_xact_lock(7236520711);
  CREATE TABLE IF NOT EXISTS crossworker_captchas (
    id text COLLATE "C" PRIMARY KEY,
    answer bytea NOT NULL,
    expires_at timestamptz NOT NULL
  );
  CREATE INDEX IF NOT EXISTS crossworker_captchas_by_expiry ON crossworker_captchas (expires_at);
`

/**
 * All by the engine's clock; hosts need not agree on theirs. It is rounded down to whole milliseconds, as those who ask count theirs:
 * between two of them lie 10 µs at times. Named: parsed and planned once for each connection.
 */
const statements = {
  issue:
    "INSERT INTO crossworker_captchas VALUES ($1, $2, date_trunc('milliseconds', now()) + $3 * interval '1 ms')",
  read: 'SELECT answer FROM crossworker_captchas WHERE id = $1 AND expires_at > now()',
  take: 'DELETE FROM crossworker_captchas WHERE id = $1 AND expires_at > now() RETURNING answer',
  // By place, which stays theirs while they are locked: by id, the planner reads the whole table for it until it has statistics.
  sweep: `DELETE FROM crossworker_captchas WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM crossworker_captchas WHERE expires_at <= now() LIMIT ${sweepPortion} FOR UPDATE SKIP LOCKED))`,
} as const

/**
 * As the client is told of them. It copies what it is given, property by property, at every call; it reads those of a prototype and
 * does not copy them.
 */
const asked = {
  issue: inherited('issue'),
  read: inherited('read'),
  take: inherited('take'),
  sweep: inherited('sweep'),
} as const

function inherited(verb: keyof typeof statements): QueryConfig {
  return Object.create({ name: `crossworker-${verb}`, text: statements[verb] })
}

interface Row {
  readonly answer: Buffer
}

/** One database, as one worker uses it. */
interface Database {
  run(statement: keyof typeof statements, values: unknown[]): Promise<readonly Row[]>
  close(): Promise<void>
}

const postgres: Strategy = {
  name: 'postgres',
  summary: 'PostgreSQL: one DELETE … RETURNING decides every take, synced before it is told.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  engines: ['postgres'],
  async host({ services }) {
    const { pool, close } = await openPool(services, { max: 1 })
    try {
      await pool.query(schema)
    } finally {
      await close()
    }
    return { close() {} }
  },
  async open({ services, workerId }) {
    const database = await openDatabase(services)
    const sweeper = workerId === 0 ? setInterval(sweep, 1_000).unref() : undefined
    let isSweeping = false

    /** One that fails is no failure: the next removes the same rows. */
    async function sweep(): Promise<void> {
      if (isSweeping) return
      isSweeping = true
      await database.run('sweep', []).catch(() => undefined)
      isSweeping = false
    }

    return {
      async issue(answer, ttlMs) {
        const id = drawBytes(18).toString('base64url')
        await database.run('issue', [id, Buffer.from(answer), ttlMs])
        return id
      },
      read: async (id) => textOf(await database.run('read', [id])),
      take: async (id) => textOf(await database.run('take', [id])),
      async close() {
        clearInterval(sweeper)
        await database.close()
      },
    }
  },
}

function textOf([row]: readonly Row[]): string | undefined {
  return row?.answer.toString()
}

/**
 * Two kinds of connections, so that no statement has to be wrapped in a transaction that says how it is to be committed. An issue
 * need not wait for the disk: a stop in good order loses none, and after a loss of power, which is not claimed, its captcha is
 * unknown, which harms nobody. A take must: undone, it would let a captcha be used again.
 */
async function openDatabase(services: Services): Promise<Database> {
  const quick = await openPool(services, {
    max: connections.quick,
    options: '-c synchronous_commit=off',
  })
  const durable = await openPool(services, {
    max: connections.durable,
    options: '-c synchronous_commit=on',
  })
  return {
    async run(statement, values) {
      const { pool } = statement === 'take' ? durable : quick
      return (await pool.query<Row>(asked[statement], values)).rows
    },
    async close() {
      await Promise.all([quick.close(), durable.close()])
    },
  }
}

/**
 * Connects when it is needed. A statement that fails takes its connection with it, and the next one gets another: what is still to
 * come on the old one is nobody's answer. Nothing is ever sent twice.
 */
async function openPool({ postgresUrl }: Services, more: PoolConfig) {
  if (postgresUrl === undefined) throw new Error('expected DATABASE_URL to name a PostgreSQL, got nothing')
  const { default: pg } = await import('pg')
  const sockets = new Set<Socket>()
  const pool: Pool = new pg.Pool({
    connectionString: postgresUrl,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
    stream() {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
    ...more,
  })
  // Unheard, each lost connection would end the worker.
  pool.on('error', () => undefined)

  /** An engine that stands still says no good-bye. */
  async function close(): Promise<void> {
    const limit = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), farewellMs)
    await pool.end()
    clearTimeout(limit)
  }

  return { pool, close }
}

export default postgres
