/** Text that is safe to stand in a page as it is. */
export interface Markup {
  readonly markup: string
}

/** What a template takes: text is escaped, markup is not, and what is absent leaves nothing. */
export type Part = Markup | string | number | undefined | false | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control characters have no place in a page: a parser that drops them might see another tag than we did. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const unsafe = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

export function escaped(text: string): string {
  return text.replaceAll(unsafe, (character) => entities[character] ?? '\ufffd')
}

/** Tagged template: third parties name their own strategies, so nothing that is put in can become markup. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, index) => text + written(parts[index])).join('') }
}

/** For what was drawn or escaped here already. */
export function trusted(markup: string): Markup {
  return { markup }
}

function written(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map(written).join('')
}

/** A sentence with the few marks that our own sentences use: bold, emphasis, code. */
export function prose(sentence: string): Markup {
  return trusted(
    escaped(sentence)
      .replaceAll(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
      .replaceAll(/(?<![*\w])\*(?!\s)([^*]+?)\*(?![*\w])/g, '<em>$1</em>')
      .replaceAll(/`([^`]+)`/g, '<code>$1</code>'),
  )
}

/** JSON for a data block: `<` could end it, and two separators of Unicode end lines in old scripts. */
export function embedded(value: unknown): Markup {
  return trusted(
    JSON.stringify(value)
      .replaceAll('<', '\\u003c')
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029'),
  )
}

export function list(items: readonly Part[], kind = ''): Markup {
  if (items.length === 0) return trusted('')
  return html`<ul${kind !== '' && html` class="${kind}"`}>${items.map((item) => html`<li>${item}</li>\n`)}</ul>`
}
