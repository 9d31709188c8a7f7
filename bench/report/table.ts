import type { StrategyResult } from '../results.js'

/** A table of GitHub's Markdown; the first column is text, the others are figures unless told. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  others: 'figures' | 'text' = 'figures',
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|${header.map((_, index) => (index === 0 || others === 'text' ? '---' : '---:')).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

export function label({ name, exhibit }: StrategyResult): string {
  return exhibit === undefined ? name : `${name} †`
}
