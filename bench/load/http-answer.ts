/** One answer as it came. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** One character a byte. */
  readonly body: string
}

/**
 * Cuts the bytes of a connection into answers, however they are split into chunks.
 * @returns takes a chunk and returns the answers it completes; throws on anything but HTTP/1.1 with a content-length
 */
export function createAnswerReader(): (chunk: Buffer) => readonly HttpAnswer[] {
  let text = ''
  return (chunk) => {
    text += chunk.toString('latin1')
    const answers: HttpAnswer[] = []
    for (let cut = cutAnswer(text); cut !== undefined; cut = cutAnswer(text)) {
      answers.push(cut.answer)
      text = cut.rest
    }
    return answers
  }
}

/** @returns nothing while the first answer is not complete */
function cutAnswer(text: string): { answer: HttpAnswer; rest: string } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [first = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? Number.NaN)
  const headers = new Map(lines.map(toHeader))
  const length = Number(headers.get('content-length') ?? Number.NaN)
  if (Number.isNaN(status) || !Number.isSafeInteger(length))
    throw new Error(`expected HTTP/1.1 with a content-length, got ${JSON.stringify(first.slice(0, 40))}`)
  const bodyEnd = headEnd + 4 + length
  if (text.length < bodyEnd) return undefined
  return {
    answer: { status, headers, body: text.slice(headEnd + 4, bodyEnd) },
    rest: text.slice(bodyEnd),
  }
}

function toHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}
