import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newName } from '../bench/init/name.js'
import { strategyText } from '../bench/init/template.js'
import { messageOf } from '../bench/message-of.js'
import { UsageError } from '../bench/options.js'
import { packageRoot } from '../bench/paths.js'

/** npm run new:strategy -- NAME: one file in src/strategies, one line in its registry. */

const folder = join(packageRoot, 'src/strategies')
const registry = join(folder, 'index.ts')

/** The registry's table ends here. */
const end = '\n} satisfies'

async function newStrategy(name: string): Promise<string> {
  const path = join(folder, `${name}.ts`)
  if (existsSync(path))
    throw new UsageError(`src/strategies/${name}.ts: expected a file to make, got one that is there already`)
  const text = await readFile(registry, 'utf8')
  if (!text.includes(end))
    throw new UsageError('src/strategies/index.ts: expected a table that ends with } satisfies, got none')
  await writeFile(path, strategyText({ name, language: 'typescript', contract: '../strategy.js' }), {
    flag: 'wx',
  })
  await writeFile(registry, text.replace(end, `\n  ${keyOf(name)}: () => import('./${name}.js'),${end}`))
  return `wrote src/strategies/${name}.ts and its line in src/strategies/index.ts, which is the order of reports
Fill in summary, claims, issue, read, take and close, and then:
  npm run check && npx vitest run src/tests/strategies.test.ts
      types, lint, what it may import, and the contract's laws
  npm run bench -- --strategies memory,${name}
      races, faults and costs
`
}

function keyOf(name: string): string {
  return name.includes('-') ? `'${name}'` : name
}

try {
  process.stdout.write(await newStrategy(newName(process.argv[2])))
} catch (error) {
  process.stderr.write(`crossworker: ${messageOf(error)}\n`)
  process.exitCode = 2
}
