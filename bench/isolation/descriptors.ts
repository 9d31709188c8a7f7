import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Isolation } from './record.js'

/**
 * Looks into the descriptor tables of workers, from /proc. TCP sockets alone: standard output and error are inherited by all.
 * @param pids one for each worker; threads have that of their process
 */
export function countConnections(pids: readonly number[]): Isolation['connections'] {
  try {
    const tables = pids.map(connectionsOf)
    const all = new Set(tables.flatMap((table) => [...table]))
    const isShared = (inode: string) => tables.filter((table) => table.has(inode)).length > 1
    return { open: all.size, shared: [...all].filter(isShared).length }
  } catch {
    return null
  }
}

/** Inodes of its established TCP connections. */
function connectionsOf(pid: number): ReadonlySet<string> {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => socketAt(pid, descriptor))
  const established = new Set(establishedIn(readFileSync(`/proc/${pid}/net/tcp`, 'latin1')))
  return new Set(sockets.filter((inode) => established.has(inode)))
}

function socketAt(pid: number, descriptor: string): readonly string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.slice(1) ?? []
  } catch {
    // Closed between the listing and the look.
    return []
  }
}

/** The tenth column of a line is the inode, the fourth the state: 01 is established. */
function establishedIn(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/)
    return columns[3] === '01' ? (columns[9] ?? []) : []
  })
}
