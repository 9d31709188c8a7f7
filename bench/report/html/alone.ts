import { html, type Markup } from './markup.js'
import { nameOf, type Page, section, table } from './page.js'

/** Each store without HTTP, where the micro study was run. */
export function aloneSection(page: Page): Markup | undefined {
  const rows = page.results.strategies.flatMap((strategy, place) => [
    ...(strategy.micro ?? []).map(({ operation, warning }, index) => {
      const path = `strategies.${place}.micro.${index}`
      return {
        strategy: place,
        cells: [
          nameOf(strategy),
          operation,
          page.show(`${path}.population`, 'count'),
          page.show(`${path}.p50Ns`, 'nanoseconds'),
          page.show(`${path}.p99Ns`, 'nanoseconds'),
          page.show(`${path}.samples`, 'count'),
          warning !== undefined && `clock too coarse: ${warning}`,
        ],
      }
    }),
    ...(strategy.microGaps ?? []).map(({ reason }, index) => ({
      strategy: place,
      cells: [
        nameOf(strategy),
        'left out',
        page.show(`strategies.${place}.microGaps.${index}.population`, 'count'),
        '–',
        '–',
        '–',
        reason,
      ],
    })),
  ])
  if (rows.length === 0) return undefined
  return section(
    {
      id: 'alone',
      title: 'Each store alone',
      lead: 'In a process of its own, one call at a time, with so many captchas alive.',
    },
    table({
      caption: 'Stores alone',
      head: ['strategy', 'operation', 'live captchas', 'p50', 'p99', 'samples', html`note`],
      words: [1, 6],
      rows,
    }),
  )
}
