import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { exitCodes } from './exit-code.js'
import { newName } from './init/name.js'
import { conformanceText, strategyText } from './init/template.js'
import { messageOf } from './message-of.js'
import { UsageError } from './options.js'

/** crossworker init NAME [--typescript]: a strategy to fill in, in the working directory, and a test that holds it to the contract. */

const usage = 'usage: npx crossworker init NAME [--typescript]'

async function init(argv: readonly string[]): Promise<string> {
  if (argv.some((word) => word === '--help' || word === '-h')) return `${usage}\n`
  const names = argv.filter((word) => !word.startsWith('-'))
  const unknown = argv.find((word) => word.startsWith('-') && word !== '--typescript') ?? names[1]
  if (unknown !== undefined)
    throw new UsageError(`expected one name, got ${JSON.stringify(unknown)} too; ${usage}`)
  const name = newName(names[0])
  const isTyped = argv.includes('--typescript')
  const [file, module] = isTyped ? [`${name}.ts`, `./${name}.js`] : [`${name}.mjs`, `./${name}.mjs`]
  const language = isTyped ? 'typescript' : 'javascript'
  const test = `${name}.test.mjs`
  // Both or none.
  const there = [file, test].find((path) => existsSync(path))
  if (there !== undefined) throw refusal(there, 'one that is there already')
  await writeNew(file, strategyText({ name, language, contract: 'crossworker/strategy' }))
  await writeNew(test, conformanceText(module))
  return told({ file, test, module, isTyped })
}

function refusal(path: string, got: string, cause?: unknown): UsageError {
  return new UsageError(`${path}: expected a file to make, got ${got}`, { cause })
}

/** @throws UsageError when it cannot be made */
async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw refusal(path, messageOf(cause), cause)
  })
}

interface Made {
  readonly file: string
  readonly test: string
  readonly module: string
  readonly isTyped: boolean
}

function told({ file, test, module, isTyped }: Made): string {
  const compile = isTyped ? `, compile it to ${module},` : ''
  return `wrote ${file} and ${test}
Fill in summary, claims, issue, read, take and close of ${file}${compile} and then:
  node --test ${test}
      the contract's laws, in seconds
  npx crossworker bench --strategies ${module} --only correctness --quick
      races and faults between workers, under a minute
  npx crossworker bench --strategies memory,${module}
      what it costs, too
`
}

try {
  process.stdout.write(await init(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`crossworker: ${error instanceof UsageError ? error.message : messageOf(error)}\n`)
  process.exitCode = exitCodes.unmeasured
}
