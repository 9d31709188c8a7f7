import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasChromium, launchOptions } from './chromium.js'
import { type Staged, stage } from './demo.fixtures.js'

/** The demo as people meet it: in a real browser. With DEMO_SCREENSHOTS=folder it also leaves pictures there. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const isHere = hasChromium("the demo's browser tests")

describe.skipIf(!isHere)('in a browser', () => {
  let demo: Staged
  let browser: Browser
  let page: Page
  let url: string
  const complaints: string[] = []
  const requested: string[] = []
  const bodies: Promise<string>[] = []
  const answers: string[] = []

  beforeAll(async () => {
    const launched = chromium.launch(launchOptions)
    demo = await stage('browser')
    url = await demo.web.listen({ host: '127.0.0.1', port: 0 })
    browser = await launched
    page = await browser.newPage({ viewport: { width: 1_440, height: 1_000 } })
    page.setDefaultTimeout(20_000)
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => requested.push(request.url()))
    page.on('response', (response) => {
      if (!response.url().endsWith('/api/states')) bodies.push(response.text().catch(() => ''))
    })
    await page.goto(url)
    await page.locator('#picture').waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    expect(await demo.end()).toEqual([])
  })

  /** What the person reads off the picture: the test asks the demo's other side. */
  function answer(): string {
    const { captcha } = demo.session.state()
    const text = demo.session.answerOf(captcha?.number ?? 0) ?? ''
    answers.push(text)
    return text
  }

  async function logIn(route: 'any worker' | 'the same' | 'another'): Promise<void> {
    await page.getByLabel(route).check()
    await page.getByLabel('What does the picture say?').fill(answer())
    await page.getByRole('button', { name: 'Submit', exact: true }).click()
  }

  async function expectText(selector: string, pattern: RegExp): Promise<void> {
    await page.locator(selector, { hasText: pattern }).waitFor()
  }

  async function look(name: string): Promise<void> {
    const folder = process.env.DEMO_SCREENSHOTS
    if (folder === undefined) return
    await mkdir(folder, { recursive: true })
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  }

  test('a right answer is unknown to another worker under memory', async () => {
    await expectText('#try-story li', /^Time 0 worker \d \(pid \d+\) issued captcha \d+$/)
    await expectText('#try-moral', /^Worker \d alone holds it/)
    await logIn('another')
    await expectText('#try-story li', /^Time 1 worker \d \(pid \d+\) answered: unknown \+/)
    await expectText('#try-moral', /has never heard of it/)
    await expectText('.worker', /Time 1: unknown/)
  })

  test('it is accepted by the one that issued it, and a replay is not', async () => {
    await logIn('the same')
    await expectText('#try-moral', /^Accepted/)
    await page.getByRole('button', { name: 'Replay an accepted captcha' }).click()
    await expectText('#cheat-story li', /answered: unknown/)
    await expectText('#cheat-moral', /^Not accepted again/)
  })

  test('of 100 logins those fail that went to another worker', async () => {
    await page.getByRole('button', { name: 'Log in 100 times' }).click()
    await expectText('#logins-done', /^\d+ of 100 right answers were refused, 75 % expected/)
    const { tally } = demo.session.state()
    expect(await page.locator('#same-failures').textContent()).toBe('0')
    expect(await page.locator('#cross-failures').textContent()).toBe(String(tally.cross.attempts))
    expect(await page.locator('#rate').textContent()).toMatch(/^\d+ %$/)
    await expectText('#take-median', /µs|ms/)
  })

  test('a race lets one in', async () => {
    await page.getByRole('button', { name: 'Race two submits' }).click()
    await expectText('#cheat-moral', /^One of the two was accepted/)
    expect(await page.locator('#cheat-story li').allTextContents()).toEqual([
      expect.stringMatching(/^Time 0/),
      expect.stringMatching(/^Time 1/),
      expect.stringMatching(/^Time 1/),
    ])
    await look('memory-1440')
  })

  test('a worker is killed at a button’s press, and replaced', async () => {
    const before = demo.session.state().workers[1]?.pid
    await page.getByRole('button', { name: 'Kill worker 2' }).click()
    await expectText('#kill-story li', /^Time 1 worker 1, worker 3 and worker 4 .* still answered/)
    await expectText('#kill-moral', /worker 2 is back as pid \d+/)
    await expectText('.worker', /^worker 2 pid \d+/)
    expect(demo.session.state().workers[1]?.pid).not.toBe(before)
    await look('killed-1440')
  })

  test('the same clicks succeed under sqlite, by keyboard alone', async () => {
    await page.getByRole('button', { name: 'sqlite' }).focus()
    await page.keyboard.press('Enter')
    await expectText('#strategy-name', /^sqlite/)
    await expectText('#shared', /sqlite is asked by all/)
    // On to the answer, from wherever the strategies end.
    await tabTo('answer')
    await page.keyboard.type(answer())
    await page.keyboard.press('Tab')
    // From “the same”, as the second test left it.
    await page.keyboard.press('ArrowDown')
    expect(await page.getByLabel('another').isChecked()).toBe(true)
    await tabTo('submit')
    await page.keyboard.press('Enter')
    await expectText('#try-moral', /^Accepted: worker \d did not issue it/)
    // Whoever types goes on with the next captcha.
    await expectFocus('new')
    await page.keyboard.press('Enter')
    await expectFocus('answer')
    await look('sqlite-1440')
  })

  async function tabTo(id: string): Promise<void> {
    for (let presses = 0; presses < 10 && (await focused()) !== id; presses += 1)
      await page.keyboard.press('Tab')
    await expectFocus(id)
  }

  function focused(): Promise<string> {
    return page.evaluate('document.activeElement.id')
  }

  async function expectFocus(id: string): Promise<void> {
    // A selector: the page's policy lets no text be run as script, and a wait would be.
    await page.locator(`#${id}:focus`).waitFor()
  }

  test('strategies that cannot run are listed with their reason, as text', async () => {
    await page.getByText('1 cannot run here').click()
    await expectText('#skipped-list li', /^away: its engine is <b>not<\/b> installed$/)
    await page.getByText('1 cannot run here').click()
  })

  test('fits a phone, in the dark too, and assistive technology', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const width of [375, 1_440]) {
        await page.setViewportSize({ width, height: 900 })
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
        await look(`${colorScheme}-${width}`)
      }
      expect(await violations()).toEqual([])
    }
  })

  /** By the browser's own door: the page's policy lets no script in. */
  async function violations(): Promise<readonly string[]> {
    await page.evaluate(axe.source)
    const found: {
      readonly violations: readonly { id: string; impact: string; nodes: { html: string }[] }[]
    } = await page.evaluate('axe.run()')
    return found.violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0]?.html}`)
  }

  test('nothing was complained of, asked of others or given away', async () => {
    expect(complaints).toEqual([])
    expect(requested.filter((address) => !address.startsWith(`${url}/`))).toEqual([])
    const told = await Promise.all(bodies)
    for (const text of answers) expect(told.filter((body) => body.includes(text))).toEqual([])
  })
})
