import { readFileSync } from 'node:fs'

/** What a line of a journal says; an answer makes it an issue, none a take. */
export interface Entry {
  readonly id: string
  /** When the captcha ends, ms since 1970. */
  readonly endMs: number
  readonly answer: string | undefined
}

const whole = /^([+-])([\w-]{32}) (\S+)(?: (".*"))?$/s

/** What a write leaves that was cut short. */
const begun = /^[+-](?:[\w-]{0,31}|[\w-]{32}(?: .{0,800})?)$/s

export function issueLine(id: string, endMs: number, answer: string): string {
  return `+${id} ${endMs} ${JSON.stringify(answer)}\n`
}

export function takeLine(id: string, endMs: number): string {
  return `-${id} ${endMs}\n`
}

/**
 * A line that was begun and not ended is none: whoever was writing it had not answered anybody, and writes it away or never again.
 * @throws when the file holds anything else: that is damage, and a captcha that was taken could live again
 */
export function readJournal(path: string): readonly Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const rest = lines.pop() ?? ''
  if (rest !== '' && !begun.test(rest)) throw damaged(path, lines.length + 1)
  return lines.map((line, index) => {
    const entry = parse(line)
    if (entry === undefined) throw damaged(path, index + 1)
    return entry
  })
}

function parse(line: string): Entry | undefined {
  const [, sign, id, end, json] = whole.exec(line) ?? []
  const endMs = Number(end)
  if (id === undefined || Number.isNaN(endMs) || (sign === '+') !== (json !== undefined)) return undefined
  try {
    return { id, endMs, answer: json === undefined ? undefined : String(JSON.parse(json)) }
  } catch {
    return undefined
  }
}

function damaged(path: string, line: number): Error {
  return new Error(
    `${path}: expected "+ID END ANSWER" or "-ID END" in line ${line}, got something else; restore the file or remove it by hand`,
  )
}
