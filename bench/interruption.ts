/**
 * The first Ctrl-C ends the run cleanly; a second one is left to Node: it ends at once, and the servers follow by themselves. So
 * does whoever listens when he goes (`| head -1`): an error of a stream nobody listens to would end the harness alone.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort())
  return controller.signal
}
