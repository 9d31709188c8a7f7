/** What went wrong, in the words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The same, in one line: a loader's message has the whole way to the file. */
export function firstLineOf(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? ''
}
