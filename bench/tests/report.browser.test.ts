import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { page as pageOf } from '../report/html.js'
import { againstText } from '../report/rebase.js'
import { hasChromium, launchOptions } from './chromium.js'
import { fullResults, hostileResults } from './page.fixtures.js'

const isThere = hasChromium("the report's browser tests")

/** A text: a program for Node has no types of a document. */
const axeRun = (rules: string) => `axe.run(document, ${rules}).then(({ passes, violations }) => ({
  passes: passes.length,
  faults: violations.map(({ id, impact, nodes }) => ({ id, impact, count: nodes.length, why: nodes[0].failureSummary, first: nodes[0].html.slice(0, 200) })),
}))`

interface AxeFound {
  readonly passes: number
  readonly faults: readonly { readonly id: string; readonly impact: string }[]
}

const results = fullResults()
const takes = { operation: 'take', source: 'client', metric: 'throughput' } as const

function strategyAt(name: string) {
  const place = results.strategies.findIndex((strategy) => strategy.name === name)
  const strategy = results.strategies[place]
  if (strategy === undefined) throw new Error(`expected ${name} in the results`)
  return { place, strategy }
}

describe.skipIf(!isThere)('report.html in a browser', () => {
  let folder = ''
  let browser: Browser
  const urls = { full: '', hostile: '' }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crossworker-page-'))
    for (const [name, run] of [
      ['full', results],
      ['hostile', hostileResults()],
    ] as const) {
      await writeFile(join(folder, `${name}.html`), pageOf(run))
      urls[name] = pathToFileURL(join(folder, `${name}.html`)).href
    }
    browser = await chromium.launch(launchOptions)
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function visit(url: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>) {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message())
      return dialog.dismiss()
    })
    page.on('request', (request) => requests.push(request.url()))
    try {
      await page.goto(url)
      await use(page)
      expect(complaints).toEqual([])
      expect(requests.filter((found) => !found.startsWith('data:'))).toEqual([url.split('#')[0]])
    } finally {
      await context.close()
    }
  }

  /** The ratio of takes as the latency table shows it. */
  const ratioOf = (page: Page, name: string) => {
    const row = page.locator(`#latency-take + .scroll tr[data-strategy="${strategyAt(name).place}"]`)
    return row.locator('[data-ratio]').textContent()
  }

  test('opens from disk and switches the baseline to what the pure functions say', () =>
    visit(urls.full, {}, async (page) => {
      await page.locator('#view > summary').click()
      await page.selectOption('#baseline', { label: 'sqlite' })
      for (const name of ['memory', 'file', 'sqlite'])
        expect(await ratioOf(page, name)).toBe(
          againstText(results, strategyAt(name).strategy, strategyAt('sqlite').strategy, takes),
        )
      expect(await page.locator('#ladder [data-baseline]').first().textContent()).toBe('sqlite')
      expect(await page.locator('#state').textContent()).toContain('against sqlite')
      expect(page.url()).toMatch(/#baseline=sqlite$/)
      await page.locator('#reset').click()
      expect(await ratioOf(page, 'memory')).toBe('1')
    }))

  test('hides strategies everywhere and remembers them in the address', () =>
    visit(urls.full, {}, async (page) => {
      await page.locator('#view > summary').click()
      await page.getByRole('checkbox', { name: 'file', exact: true }).uncheck()
      const { place } = strategyAt('file')
      const parts = page.locator(`[data-strategy="${place}"]`)
      expect(await parts.count()).toBeGreaterThan(8)
      expect(await parts.filter({ visible: true }).count()).toBe(0)
      expect(page.url()).toMatch(/#hide=file$/)
      expect(
        await page
          .locator(`[data-strategy="${strategyAt('sqlite').place}"]`)
          .first()
          .isVisible(),
      ).toBe(true)
    }))

  test('restores a state from its address, and keeps it when a section is followed', () =>
    visit(`${urls.full}#baseline=sqlite&hide=file,hybrid,nobody&x=%E0%A4%A`, {}, async (page) => {
      const hidden = async (name: string) =>
        (await page.locator(`#ladder tr[data-strategy="${strategyAt(name).place}"]`).count()) === 1 &&
        !(await page.locator(`#ladder tr[data-strategy="${strategyAt(name).place}"]`).isVisible())
      expect([await hidden('file'), await hidden('hybrid'), await hidden('sqlite')]).toEqual([
        true,
        true,
        false,
      ])
      expect(await ratioOf(page, 'memory')).toBe(
        againstText(results, strategyAt('memory').strategy, strategyAt('sqlite').strategy, takes),
      )
      await page.locator('nav a[href="#findings"]').click()
      expect(page.url()).toContain('#baseline=sqlite&hide=')
      await expect.poll(() => page.locator('#findings h2').isVisible()).toBe(true)
    }))

  test('runs nothing that a hostile name holds, and finds every such name in an address again', async () => {
    let address = ''
    await visit(urls.hostile, {}, async (page) => {
      await page.locator('#view > summary').click()
      for (const box of await page.locator('#view input').all()) await box.uncheck()
      expect(await page.locator('img, b[onclick]').count()).toBe(0)
      address = page.url()
    })
    await visit(address, {}, async (page) => {
      const rows = page.locator('#ladder tr[data-strategy]')
      expect([await rows.count(), await rows.filter({ visible: true }).count()]).toEqual([
        results.strategies.length - 1,
        0,
      ])
    })
  })

  test('never scrolls sideways on a telephone', () =>
    visit(urls.full, { viewport: { width: 375, height: 800 }, bypassCSP: true }, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    }))

  test('is open as a whole on paper', () =>
    visit(urls.full, {}, async (page) => {
      await page.emulateMedia({ media: 'print' })
      expect(await page.locator('.bar').isVisible()).toBe(false)
      expect((await page.pdf({ format: 'A4' })).byteLength).toBeGreaterThan(50_000)
    }))

  test.each(['light', 'dark'] as const)('has no serious accessibility fault in %s', (colorScheme) =>
    visit(urls.full, { colorScheme, bypassCSP: true }, async (page) => {
      const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
      await page.evaluate(await readFile(axe, 'utf8'))
      // Everything open: what is folded away is not looked at.
      await page.locator('#view > summary').click()
      await page.evaluate("dispatchEvent(new Event('beforeprint'))")
      // In the dark the colours alone are others.
      const rules = colorScheme === 'light' ? '{}' : "{ runOnly: ['color-contrast'] }"
      const found = (await page.evaluate(axeRun(rules))) as AxeFound
      expect(found.passes).toBeGreaterThan(colorScheme === 'light' ? 20 : 0)
      expect(found.faults.filter(({ impact }) => /serious|critical/.test(impact))).toEqual([])
    }),
  )
})
