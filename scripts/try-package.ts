import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../bench/paths.js'
import { killGroup } from '../bench/processes.js'
import { type GuideStep, guideSteps } from './try-package/guide.js'

/**
 * Does what the README's guide says, block by block, as a new user would: in an empty directory, with nothing but the tarball. So
 * the guide is true, or this fails. Argument: the tarball; packs one without.
 */

/** More than any command needs, ms: whatever it started ends with it then. */
const limitMs = 240_000

async function pack(into: string): Promise<void> {
  const { code, output } = await execute(`npm pack --pack-destination '${into}'`, packageRoot)
  const isMade = (await readdir(into)).some((found) => found.endsWith('.tgz'))
  if (code !== 0 || !isMade)
    throw new Error(`expected npm pack to make a tarball, got exit code ${code} and:\n${output}`)
}

async function follow(step: GuideStep, directory: string): Promise<void> {
  if (step.kind === 'write') return writeFile(join(directory, step.file), step.text)
  if (step.kind === 'replace') {
    const path = join(directory, step.file)
    return writeFile(path, step.apply(await readFile(path, 'utf8')))
  }
  const startedMs = performance.now()
  const { code, output } = await execute(step.command, directory)
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  const isRight = code === step.expectedCode && output.includes(step.says)
  process.stdout.write(`${isRight ? 'ok' : 'not ok'}: ${step.command} (exit code ${code}, ${seconds} s)\n`)
  if (isRight) return
  throw new Error(
    `expected exit code ${step.expectedCode} and ${JSON.stringify(step.says)}, got ${code} and:\n${output}`,
  )
}

/** Its own npm settings are no user's: a script that npm runs has dozens of them in its environment. */
function userEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_cache$|config_registry$)|INIT_CWD$|NODE_)/i.test(name),
  )
  return {
    ...Object.fromEntries(own),
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  }
}

function execute(
  command: string,
  cwd: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', command], {
      cwd,
      env: userEnvironment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const limit = setTimeout(() => killGroup(child), limitMs)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(limit)
      resolve({ code, output })
    })
  })
}

const startedMs = performance.now()
const directory = await mkdtemp(join(tmpdir(), 'crossworker-package-'))
try {
  const [given] = process.argv.slice(2)
  const guide = guideSteps(await readFile(join(packageRoot, 'README.md'), 'utf8'))
  if (given === undefined) await pack(directory)
  else await copyFile(given, join(directory, given.split('/').at(-1) ?? ''))
  for (const step of guide) await follow(step, directory)
  const results = await readdir(join(directory, 'results'))
  if (!results.includes('latest.html'))
    throw new Error(`expected results/latest.html, got ${results.join(', ')}`)
  const run = results.find((name) => !name.startsWith('latest'))
  const command = `npx crossworker report results/${run}`
  await follow({ kind: 'run', command, expectedCode: 0, says: 'rebuilt' }, directory)
  process.stdout.write(`ok: the guide, in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s\n`)
} catch (error) {
  process.stderr.write(`try-package: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}
