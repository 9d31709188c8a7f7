/** How a user calls the programs of this package: by their npm scripts in the repository, by its one command elsewhere. */

/** Set by the command for the program it starts. */
export const viaCommand = 'CROSSWORKER_COMMAND'

export function invocation(
  program: 'bench' | 'bench:ab' | 'demo' | 'report',
  argv: readonly string[] = [],
): string {
  const isCommand = process.env[viaCommand] !== undefined
  const call = isCommand ? `npx crossworker ${program.replace('bench:', '')}` : `npm run ${program} --`
  return [call, ...argv.map(quoted)].join(' ').replace(/ --$/, '')
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
