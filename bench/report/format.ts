/** How figures are told, everywhere alike. Pure. */

export function percent(share: number): string {
  const value = share * 100
  if (value === 0 || value === 100) return `${value} %`
  return `${value < 10 ? value.toPrecision(2) : value.toFixed(1)} %`
}

export function duration(us: number | null): string {
  if (us === null) return '–'
  if (us >= 999.5e3) return `${(us / 1e6).toPrecision(3)} s`
  if (us >= 999.5) return `${(us / 1e3).toPrecision(3)} ms`
  return `${us >= 99.95 ? us.toFixed(0) : us.toPrecision(3)} µs`
}

export function perSecond(throughput: number | null): string {
  return throughput === null ? '–' : `${Math.round(throughput).toLocaleString('en')}/s`
}

export function ratioText({ value, low, high }: { value: number; low: number; high: number }): string {
  return `${ratio(value)} [${ratio(low)}, ${ratio(high)}]`
}

export function ratio(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function bytes(count: number): string {
  return `${(count / 2 ** 30).toFixed(1)} GiB`
}

/** Such as "4 workers", "4 threads" or "4 workers on each of 2 hosts". */
export function crew({ workers, hosts = 1, topology }: Crew): string {
  const noun = topology === 'threads' ? 'thread' : 'worker'
  const own = `${workers} ${noun}${workers === 1 ? '' : 's'}`
  return hosts > 1 ? `${own} on each of ${hosts} hosts` : own
}

interface Crew {
  /** Of each host. */
  readonly workers: number
  readonly hosts?: number
  readonly topology?: 'processes' | 'threads'
}
