import { engineLine, limitLines } from '../context.js'
import { bytes } from '../format.js'
import { html, list, type Markup, prose } from './markup.js'
import { nameOf, type Page, section, table } from './page.js'

/** Sentences of the design note, held against this run. */
export function findingsSection({ results }: Page): Markup | undefined {
  if (results.findings.length === 0) return undefined
  return section(
    { id: 'findings', title: 'Findings', lead: 'The design note’s sentences, held against this run.' },
    html`<ol class="findings">${results.findings.map(
      ({ claim, measured, verdict }) =>
        html`<li><p><strong class="finding ${verdict}">${verdict}</strong> ${claim}</p><p class="measured">${measured}</p></li>\n`,
    )}</ol>`,
  )
}

/** What a crash in one worker did to the others. */
export function isolationSection(page: Page): Markup | undefined {
  const { isolation = [] } = page.results
  const rows = isolation.flatMap(({ topology, crashes }, place) =>
    crashes.map(({ how }, index) => ({
      cells: [
        topology,
        how === 'throw' ? 'an exception nobody caught' : 'a kill',
        html`${page.show(`isolation.${place}.crashes.${index}.unharmed`, 'count')} of ${page.show(`isolation.${place}.crashes.${index}.others`, 'count')}`,
        page.show(`isolation.${place}.coresUsed`, 'factor'),
      ],
    })),
  )
  if (rows.length === 0) return undefined
  return section(
    { id: 'isolation', title: 'Isolation', lead: 'What workers do to one another, by topology.' },
    table({
      caption: 'Crashes by topology',
      head: ['topology', 'in one worker', 'others that answered afterwards', 'cores used at once'],
      words: [1],
      rows,
    }),
  )
}

export function environmentSection(page: Page): Markup {
  const { environment, run } = page.results
  const { cpu, cores, memoryBytes, system, node, crossworker, libraries, engines = [], steal } = environment
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`)
  return section(
    { id: 'environment', title: 'Environment' },
    html`<pre class="command" tabindex="0"><code>${run.command}</code></pre>
<dl class="facts">
<div><dt>Machine</dt><dd>${cpu}, ${cores} cores, ${bytes(memoryBytes)}; ${system}</dd></div>
<div><dt>Versions</dt><dd>Node ${node}, crossworker ${crossworker}, ${versions.join(', ')}</dd></div>
${engines.length > 0 && html`<div><dt>Engines</dt><dd>${engines.map(engineLine).join(' ')}</dd></div>`}
<div><dt>Load before the run</dt><dd>${page.show('environment.loadAverage', 'factor')}${steal !== null && html`; ${page.show('environment.steal', 'percent')} of CPU time since boot stolen by the host`}</dd></div>
<div><dt>Run</dt><dd>${page.show('run.workers', 'count')} workers, ${page.show('run.connections', 'count')} connections, seed ${String(run.seed)}; ${page.show('run.wallSeconds', 'seconds')}, started ${run.startedAt}</dd></div>
</dl>`,
    table({
      caption: 'The strategies of this run',
      head: ['strategy', 'what it is', 'note'],
      words: [1, 2],
      rows: page.results.strategies.map((strategy, place) => ({
        strategy: place,
        cells: [
          nameOf(strategy),
          strategy.summary,
          [
            strategy.skipped && `skipped: ${strategy.skipped}`,
            strategy.failed && `not to the end: ${strategy.failed}`,
            strategy.exhibit,
          ]
            .filter(Boolean)
            .join(' '),
        ],
      })),
    }),
  )
}

export function readingSection({ results }: Page): Markup {
  return section(
    { id: 'reading', title: 'How to read it' },
    list([
      ...limitLines(results).map(prose),
      'Against another baseline than the run’s own a ratio is a quotient of two, whose intervals are added as logs: no narrower than the truth, and mostly wider. Its verdict reads that interval alone and is adjusted for nothing.',
    ]),
  )
}
