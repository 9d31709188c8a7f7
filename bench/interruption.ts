/** The first Ctrl-C ends the run cleanly; a second one is left to Node: it ends at once, and the servers follow by themselves. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
