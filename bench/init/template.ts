/** What a new strategy's file begins as: right in shape, and saying at every call what is still to be filled in. Pure. */

export type Language = 'javascript' | 'typescript'

export interface Template {
  readonly name: string
  readonly language: Language
  /** Where the contract is imported from. */
  readonly contract: string
}

export function strategyText({ name, language, contract }: Template): string {
  const isTyped = language === 'typescript'
  const head = isTyped
    ? `import { randomBytes } from 'node:crypto'\nimport type { Strategy } from '${contract}'\n`
    : `// @ts-check\nimport { randomBytes } from 'node:crypto'\n`
  const opening = isTyped
    ? `const ${camelCase(name)}: Strategy = {`
    : `/** @type {import('${contract}').Strategy} */\nconst ${camelCase(name)} = {`
  return `${head}
${opening}
  name: '${name}',
  summary: 'One sentence about it, for the report.',
  // scope: process, threads, host or fleet: the widest group of workers that see one another's captchas.
  // survives: nothing, worker-crash, restart or power-loss. Claim what it keeps: you are held to exactly this.
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  // A network engine's address comes as services.redisUrl or services.postgresUrl to a strategy that says so:
  // engines: ['redis'],
  async open({ dataDir }) {
    // Import your client here and not above: a library that is missing then says so. Files go below dataDir.
    return {
      async issue(answer, ttlMs) {
        const id = randomBytes(18).toString('base64url')
        throw notYet(\`issue: store \${answer} under \${id} for \${ttlMs} ms in \${dataDir}, then return the id\`)
      },
      async read(id) {
        throw notYet(\`read: return the answer of \${id} and leave it there, or undefined\`)
      },
      async take(id) {
        throw notYet(\`take: remove \${id} and return its answer, to one caller; undefined to others\`)
      },
      async close() {
        // End timers, connections and files.
      },
    }
  },
}

${isTyped ? 'function notYet(what: string): Error {' : '/** @param {string} what */\nfunction notYet(what) {'}
  return new Error(\`${name} is not filled in: \${what}\`)
}

export default ${camelCase(name)}
`
}

/** One test a law, for Node's own runner and every other with such a function. */
export function conformanceText(module: string): string {
  return `import test from 'node:test'
import { conformance } from 'crossworker/conformance'
import strategy from '${module}'

// For one that needs an engine: { services: { redisUrl: process.env.REDIS_URL } }
const options = {}

for (const law of conformance(strategy, options)) test(law.name, { skip: law.skip ?? false }, () => law.run())
`
}

export function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
