export const metrics = ['throughput', 'p50Us', 'p99Us', 'cpuUsPerOp'] as const
export type Metric = (typeof metrics)[number]

/** Throughput and CPU time are the server's as a whole; the store's own clock knows latencies alone. */
export const storeMetrics = ['p50Us', 'p99Us'] as const

type Source = 'client' | 'store'

/** Pure: whether a figure compares with others. An open loop's throughput is given, and compares with nothing. */
export function isTold(source: Source, metric: Metric, isOpen: boolean): boolean {
  return source === 'store' ? isLatency(metric) : !(isOpen && metric === 'throughput')
}

/** Pure: whether it is what a client waits, which is the length of a queue where the pace of an open loop is not kept. */
export function isWait(source: Source, metric: Metric): boolean {
  return source === 'client' && isLatency(metric)
}

interface Paced {
  readonly source: Source
  readonly openLoop?: { readonly kept: boolean } | undefined
}

/** Pure: whether a row's figure is the length of a queue, and so nobody's latency. */
export function isQueue({ source, openLoop }: Paced, metric: Metric): boolean {
  return openLoop?.kept === false && isWait(source, metric)
}

function isLatency(metric: Metric): boolean {
  return storeMetrics.some((known) => known === metric)
}
