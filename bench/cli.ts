#!/usr/bin/env node
import { exitCodes } from './exit-code.js'
import { viaCommand } from './invocation.js'

/** The package's one command: `crossworker bench …` is `npm run bench -- …`, and so on. */
const programs = new Map<string, () => Promise<unknown>>([
  ['init', () => import('./init.js')],
  ['ab', () => import('./ab.js')],
  ['bench', () => import('./main.js')],
  ['demo', () => import('./demo.js')],
  ['report', () => import('./rereport.js')],
])

const usage = `usage: npx crossworker PROGRAM [OPTIONS]

  init    a strategy to fill in, and a test that holds it to the contract
  bench   what strategies cost, and whether they keep what they claim
  ab      this working copy against a commit, in one run
  demo    a captcha under several workers, in a browser
  report  writes a run's reports again

npx crossworker PROGRAM --help says more.
`

const name = process.argv[2] ?? ''
const program = programs.get(name)
if (program !== undefined) {
  // In this process, so that a signal reaches the program itself: it reads its own arguments, and sets its own exit code.
  process.env[viaCommand] = '1'
  process.argv.splice(2, 1)
  await program()
} else if (name === '--help' || name === '-h') {
  process.stdout.write(usage)
} else {
  const got = name === '' ? 'nothing' : JSON.stringify(name)
  process.stderr.write(`crossworker: expected ${[...programs.keys()].join(', ')}, got ${got}\n`)
  process.exitCode = exitCodes.unmeasured
}
