/** What the README's guide tells its reader to do, step by step. Pure. */

export type GuideStep =
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  | { readonly kind: 'replace'; readonly file: string; apply(text: string): string }
  | {
      readonly kind: 'run'
      readonly command: string
      readonly expectedCode: number
      /** What its output has to say. */
      readonly says: string
    }

const begins = '### Your own store\n'

/**
 * `js` blocks are files, named by their first line, or a method that takes the place of one in a file; `sh` blocks are commands, a
 * line each, which end with 0, or as the comment after them has it, saying what that has; `text` is what somebody saw.
 * @throws Error when there is no guide, or a block of it is nothing of these
 */
export function guideSteps(readme: string): readonly GuideStep[] {
  const guide = readme.split(begins)[1]?.split('\n### ')[0]
  if (guide === undefined) throw new Error(`expected a section ${begins.trim()}, got none`)
  const blocks = [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(([, language = '', text = '']) => stepsOf(language, text))
}

function stepsOf(language: string, text: string): readonly GuideStep[] {
  if (language === 'sh') return text.trimEnd().split('\n').map(commandOf)
  if (language === 'text') return []
  const [, file, method] = /^\/\/ ([\w-]+\.mjs)(?:, its (\w+))?/.exec(text) ?? []
  if (language !== 'js' || file === undefined)
    throw new Error(
      `expected a block of sh, text, or js that begins with a file's name, got ${language}: ${text.slice(0, 60)}`,
    )
  if (method === undefined) return [{ kind: 'write', file, text }]
  return [
    { kind: 'replace', file, apply: (old) => withMethod(old, method, text.slice(text.indexOf('\n') + 1)) },
  ]
}

function commandOf(line: string): GuideStep {
  const [, command = '', code, says] = /^(.*?)(?:\s+# exit code (\d): (.+))?$/.exec(line) ?? []
  return { kind: 'run', command, expectedCode: Number(code ?? 0), says: says ?? '' }
}

function withMethod(old: string, method: string, text: string): string {
  const found = new RegExp(`^ *async ${method}\\([\\s\\S]*?^      \\},\\n`, 'm')
  if (!found.test(old)) throw new Error(`expected a method ${method} to take the place of, got none`)
  return old.replace(found, () => text)
}
