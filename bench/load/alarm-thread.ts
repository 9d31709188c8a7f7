import { parentPort } from 'node:worker_threads'

/** Sleeps until the time it is told, ns of the system's monotonic clock, and says so. */
const never = new Int32Array(new SharedArrayBuffer(4))

parentPort?.on('message', (atNs: bigint) => {
  const leftNs = atNs - process.hrtime.bigint()
  if (leftNs > 0) Atomics.wait(never, 0, 0, Number(leftNs) / 1e6)
  parentPort?.postMessage(null)
})
