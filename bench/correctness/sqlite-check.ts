/**
 * A program of its own, so that the harness never opens a strategy's database: asks SQLite whether the file named by its
 * argument is sound. Prints a JSON line `{"sound":…,"detail":…}`; ends with a message when there is no library to ask.
 */
const [path = ''] = process.argv.slice(2)
const { default: SqliteDatabase } = await import('better-sqlite3')

try {
  const database = new SqliteDatabase(path, { readonly: true, timeout: 5_000 })
  const answers = database.pragma('integrity_check')
  const [first]: unknown[] = Array.isArray(answers) ? answers : []
  const verdict = typeof first === 'object' && first !== null ? Object.values(first).join() : 'no answer'
  database.close()
  print(verdict === 'ok' ? { sound: true } : { sound: false, detail: verdict })
} catch (error) {
  print({ sound: false, detail: error instanceof Error ? error.message : String(error) })
}

function print(finding: { readonly sound: boolean; readonly detail?: string }): void {
  process.stdout.write(`${JSON.stringify(finding)}\n`)
}
