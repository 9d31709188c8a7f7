import { existsSync } from 'node:fs'

/** Where a browser may be: Debian's, or Google's. */
const places = ['/usr/bin/chromium', '/usr/bin/google-chrome']

const executablePath = places.find((path) => existsSync(path))

/** How browser tests start it, without its own requests to elsewhere. */
export const launchOptions = {
  executablePath: executablePath ?? '',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
}

/** Says on standard error why the tests of a file are skipped, where they are. */
export function hasChromium(what: string): boolean {
  if (executablePath !== undefined) return true
  process.stderr.write(`skipped ${what}: expected ${places.join(' or ')}, got neither\n`)
  return false
}
