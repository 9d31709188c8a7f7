/** Modules that third parties may bring, one mistake each, and what is said of it. */
export interface Misfit {
  readonly name: string
  readonly text: string
  readonly says: RegExp
}

interface Parts {
  /** In place of the whole strategy's members. */
  readonly members?: string
  /** Of `open`, before it returns. */
  readonly setup?: string
  /** Members of the store that take the place of sound ones. */
  readonly store?: string
}

const claims = "claims: { scope: 'process', singleUse: true, survives: 'nothing' }"

const soundStore = `
      issue(answer, ttlMs) {
        const id = crypto.randomUUID()
        captchas.set(id, answer)
        setTimeout(() => captchas.delete(id), ttlMs).unref()
        return id
      },
      read: (id) => captchas.get(id),
      take(id) {
        const answer = captchas.get(id)
        captchas.delete(id)
        return answer
      },
      close() {},`

export function moduleText(name: string, { members, setup = '', store = '' }: Parts): string {
  const open = `async open({ workers }) {
    const captchas = new Map()
    let uses = 0
    ${setup}
    return {${soundStore}
      ${store}
    }
  }`
  return `export default { name: '${name}', summary: 'A test.', ${members ?? `${claims}, ${open}`} }\n`
}

function misfit(name: string, says: RegExp, parts: Parts): Misfit {
  return { name, says, text: moduleText(name, parts) }
}

const never = 'new Promise(() => undefined)'

/** Refused before anything is measured; found by one run, a line each. */
export const refused: readonly Misfit[] = [
  {
    name: 'no-default',
    text: "export const name = 'x'\n",
    says: /as the default export, got no default among its exports: name$/,
  },
  {
    name: 'a-function',
    text: 'export default () => ({})\n',
    says: /got a function; export the object itself, not what makes it$/,
  },
  {
    name: 'no-syntax',
    text: 'export default {\n  name:: 1\n}\n',
    says: /could not be imported: Unexpected token ':'$/,
  },
  misfit('no-scope', /claims\.scope: expected process, threads, host or fleet, got undefined$/, {
    members: "claims: { singleUse: true, survives: 'nothing' }, open() {}",
  }),
  misfit('wrong-word', /claims\.survives: expected nothing, .* or power-loss, got "reboot"$/, {
    members: "claims: { scope: 'host', singleUse: true, survives: 'reboot' }, open() {}",
  }),
  misfit('opens-nothing', /open: expected an object with issue, read, take and close, got undefined$/, {
    members: `${claims}, open() {}`,
  }),
  misfit('no-take', /open: expected an object .* whose take is undefined$/, { store: 'take: undefined,' }),
  misfit('host-without-end', /host\(\)\.close: expected a function, got undefined$/, {
    members: `${claims}, host: () => ({}), open() {}`,
  }),
  misfit('number-id', /issue: expected an id, .*, got the number 7$/, { store: 'issue: () => 7,' }),
  misfit('slash-id', /issue: expected an id, .*, got "a\/b"$/, { store: "issue: () => 'a/b'," }),
  misfit('same-id', /issue: expected another id for every captcha, got "abc" twice$/, {
    store: "issue: () => 'abc',",
  }),
  misfit('null-answer', /read of an id that was never issued: expected .* or undefined, got null$/, {
    store: 'read: (id) => captchas.get(id) ?? null,',
  }),
  misfit('throws-later', /(take|close): threw where nobody can catch it: too late$/, {
    store: "take() { setTimeout(() => { throw new Error('too late') }) },",
  }),
  misfit('hangs-in-open', /open: expected an end within 6 s, got none$/, { setup: `await ${never}` }),
  misfit('hangs-in-issue', /issue: expected an end within 6 s, got none$/, {
    store: `issue: () => ${never},`,
  }),
  misfit('hangs-in-read', /read: expected an end within 6 s, got none$/, { store: `read: () => ${never},` }),
  misfit('hangs-in-take', /take: expected an end within 6 s, got none$/, { store: `take: () => ${never},` }),
  misfit('hangs-in-close', /close: expected an end within 6 s, got none$/, {
    store: `close: () => ${never},`,
  }),
  misfit('leaks-a-timer', /close: expected nothing that keeps the process alive 2 s later, got Timeout$/, {
    setup: 'setInterval(() => undefined, 1_000)',
  }),
  misfit('ends-its-process', /a trial of it ended with exit code 3: issue$/, {
    store: 'issue() { process.exit(3) },',
  }),
  misfit('never-yields', /a trial of it did not end within 20 s: take$/, { store: 'take() { for (;;); },' }),
]

/** Sound in a trial, which has one worker; wrong among several. */
export const breaking = {
  open: misfit(
    'open-fails-later',
    /could not be measured to the end: ordinary: worker \d did not start: no room for two$/m,
    {
      setup: "if (workers > 1) throw new Error('no room for two')",
    },
  ),
  take: misfit(
    'take-hangs-later',
    /could not be measured to the end: launch 1: ended while it was measured: no answer within 15 s$/m,
    {
      store: `take(id) {
        if (workers > 1 && ++uses > 20) return ${never}
        const answer = captchas.get(id)
        captchas.delete(id)
        return answer
      },`,
    },
  ),
}

/** Prints into the middle of what the server says of itself. */
export const noisy: Misfit = misfit('noisy', /./, {
  setup: `process.stdout.write('no end of line')
    console.log({ ready: true })
    setInterval(() => process.stdout.write('tick '), 20).unref()`,
})
