#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { viaCommand } from './invocation.js'
import { packageRoot } from './paths.js'

/** The package's one command: `crossworker bench …` is `npm run bench -- …`, and so on. */
const programs: Readonly<Record<string, string>> = {
  init: 'dist/bench/init.js',
  ab: 'dist/bench/ab.js',
  bench: 'dist/bench/main.js',
  demo: 'dist/bench/demo.js',
  report: 'dist/bench/rereport.js',
}

const [name = '', ...rest] = process.argv.slice(2)
const program = programs[name]
if (program === undefined) {
  const got = name === '' ? 'nothing' : JSON.stringify(name)
  process.stderr.write(`crossworker: expected ${Object.keys(programs).join(', ')}, got ${got}\n`)
  process.exitCode = 2
} else {
  const child = spawn(process.execPath, [join(packageRoot, program), ...rest], {
    stdio: 'inherit',
    env: { ...process.env, [viaCommand]: '1' },
  })
  // A Ctrl-C in a terminal reaches both: the program ends in good order, and this one after it.
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.once('exit', (code) => {
    process.exitCode = code ?? 2
  })
}
