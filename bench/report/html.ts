import { createHash } from 'node:crypto'
import type { Results } from '../results.js'
import { aloneSection } from './html/alone.js'
import { answerSection } from './html/answer.js'
import { comparisonSection } from './html/comparison.js'
import { environmentSection, findingsSection, isolationSection, readingSection } from './html/context.js'
import { controlsSection } from './html/controls.js'
import { costSection } from './html/cost.js'
import { earlierSection } from './html/earlier.js'
import { failuresSection } from './html/failures.js'
import { gatesSection } from './html/gates.js'
import { ladderSection } from './html/ladder.js'
import { latencySection } from './html/latency.js'
import { embedded, html, type Markup, trusted } from './html/markup.js'
import { matrixSection } from './html/matrix.js'
import { openLoopSection } from './html/open-loop.js'
import { createPage, type Page } from './html/page.js'
import { scalingSection } from './html/scaling.js'
import { scorecardSection } from './html/scorecard.js'
import { script } from './html/script.js'
import { style } from './html/style.js'
import { violationsSection } from './html/violations.js'

/** Every part of the page, in order; a part that the run has nothing for is absent, in the page as in its navigation. */
const parts: readonly (readonly [name: string, id: string, part: (page: Page) => Markup | undefined])[] = [
  ['Answer', 'answer', answerSection],
  ['Versions', 'comparison', comparisonSection],
  ['Gates', 'gates', gatesSection],
  ['Ladder', 'ladder', ladderSection],
  ['Refused', 'failures', failuresSection],
  ['Latency', 'latency', ifTimed(latencySection)],
  ['Open loop', 'open-loop', openLoopSection],
  ['Cost', 'cost', ifTimed(costSection)],
  ['Earlier run', 'earlier', earlierSection],
  ['Correctness', 'correctness', scorecardSection],
  ['Violations', 'violations', violationsSection],
  ['Matrix', 'matrix', matrixSection],
  ['Scaling', 'scaling', scalingSection],
  ['Alone', 'alone', aloneSection],
  ['Controls', 'controls', ifTimed(controlsSection)],
  ['Isolation', 'isolation', isolationSection],
  ['Findings', 'findings', findingsSection],
  ['Environment', 'environment', environmentSection],
  ['Reading', 'reading', readingSection],
]

function ifTimed(part: (page: Page) => Markup) {
  return (page: Page) => (page.results.run.studies.includes('timing') ? part(page) : undefined)
}

/** report.html: one file that needs nothing else. Pure: the same results give the same bytes. */
export function page(results: Results): string {
  const made = createPage(results)
  const told = parts.flatMap(([name, id, part]) => {
    const markup = part(made)
    return markup === undefined ? [] : [{ name, id, markup }]
  })
  const { run, environment } = results
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>crossworker: ${run.id}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<header>
<p class="mark-of">crossworker <span>${run.id} · ${environment.cpu}, ${environment.cores} cores · ${run.workers} workers · Node ${environment.node.replace(/^v/, '')}</span></p>
<h1>Which storage still knows a captcha on the next worker, accepts it exactly once, and what does that cost?</h1>
</header>
<div class="bar"><div>
<nav aria-label="Sections"><ul>${told.map(({ name, id }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
${controls(made)}
</div></div>
<main>
<p id="state" role="status"></p>
${told.map(({ markup }) => html`${markup}\n`)}
</main>
<footer>Made by <code>npm run report</code> from results.json; every figure here stands there.</footer>
<script type="application/json" id="data">${data(made)}</script>
<script>${trusted(script)}</script>
</body>
</html>`.markup
  }\n`
}

const policy = `default-src 'none'; style-src ${digest(style)}; script-src ${digest(script)}; img-src data:; base-uri 'none'; form-action 'none'`

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** Shown by the script alone: without it they could do nothing. */
function controls({ results, rebased }: Page): Markup {
  const { strategies, run } = results
  const nameAt = (place: number) => strategies[place]?.name ?? ''
  return html`<details id="view" hidden><summary>View</summary><div>
${rebased.baselines.length > 0 && html`<label for="baseline">Ratios against <select id="baseline">${rebased.baselines.map((place) => html`<option value="${place}"${nameAt(place) === run.baseline && html` selected`}>${nameAt(place)}</option>`)}</select></label>`}
<fieldset><legend>Strategies shown</legend>${strategies.map(({ name }, place) => html`<label><input type="checkbox" value="${place}" checked><bdi>${name}</bdi></label>`)}</fieldset>
<button type="button" id="reset">Back to the start</button>
</div></details>`
}

/** All that the script needs. Halves of surrogate pairs have no place in an address. */
function data({ results, rebased }: Page): Markup {
  const names = results.strategies.map(({ name }) => name.replaceAll(/\p{Cs}/gu, '\ufffd'))
  return embedded({ names, baseline: names.indexOf(results.run.baseline), ...rebased })
}
