import { chromium } from 'playwright-core'
import { openSession } from '../bench/demo/session.js'
import { buildWeb } from '../bench/demo/web.js'
import { callRoster } from '../bench/roster.js'
import { openServices } from '../bench/services.js'
import { seededRandom } from '../bench/statistics.js'
import { secretOf } from '../bench/topology.js'

/** Draws .github/demo.png, the README's picture: the demo after a login that failed. Usage: node dist/scripts/demo-picture.js FILE */

const [path = '.github/demo.png'] = process.argv.slice(2)
const executablePath = '/usr/bin/chromium'
const host = '127.0.0.1'

await using services = openServices({})
await using session = await openSession({
  strategy: 'memory',
  lookAround: () => callRoster({ strategies: ['all'], reference: 'memory' }, services),
  workers: 4,
  ttlMs: 120_000,
  secret: secretOf(8),
  services,
  random: seededRandom(8),
  paceMs: 0,
})
const web = buildWeb(session, host)
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 1_120 } })
  await page.goto(await web.listen({ host, port: 0 }))
  await page.locator('.pill').nth(14).waitFor({ timeout: 60_000 })
  for (let login = 0; login < 8; login += 1) await session.logIn(1)
  await page.getByRole('button', { name: 'New captcha' }).click()
  await page.locator('#expiry', { hasText: 'Captcha 10' }).waitFor()
  await page.getByLabel('another').check()
  await page.getByLabel('What does the picture say?').fill(session.answerOf(10) ?? '')
  await page.getByRole('button', { name: 'Submit', exact: true }).click()
  await page.locator('#try-moral', { hasText: 'never heard' }).waitFor()
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path })
} finally {
  await browser.close()
  await web.close()
}
