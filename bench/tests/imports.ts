/**
 * Who may import whom: DESIGN's table of rooms, as a program. Pure: source texts in, complaints out, so that a test can
 * show it to bite.
 */

export interface Source {
  /** From the repository's root, such as `src/app.ts`. */
  readonly path: string
  readonly text: string
}

/** `type` imports vanish when compiled; `late` ones run inside a function. */
export type ImportKind = 'value' | 'type' | 'late'

export interface Import {
  /** A path of the repository, `node:…` or `npm:…`. */
  readonly target: string
  readonly kind: ImportKind
}

/** What a room may import, and the kinds it may import it as; all, unless told. */
interface Permission {
  readonly target: RegExp
  readonly kinds?: readonly ImportKind[]
}

interface Room {
  readonly path: RegExp
  readonly may: readonly Permission[]
  /** No clock, no chance, no process: the same input gives the same output. */
  readonly pure?: boolean
}

const node = { target: /^node:/ }
const npm = { target: /^npm:/ }
const strategyContract = { target: /^src\/strategy\.ts$/ }
const sourceTypes = { target: /^src\//, kinds: ['type'] } as const
const restOfSource = { target: /^src\// }
const restOfBench = { target: /^bench\// }

function only(...paths: readonly string[]): Permission {
  return { target: new RegExp(`^(${paths.map((path) => path.replaceAll('.', '\\.')).join('|')})$`) }
}

function typesOf(...paths: readonly string[]): Permission {
  return { ...only(...paths), kinds: ['type'] }
}

/** The first room that fits a path is its room. */
const rooms: readonly Room[] = [
  { path: /^src\/strategy\.ts$/, may: [] },
  { path: /^src\/app\.ts$/, may: [strategyContract, only('src/captcha.ts', 'src/shape.ts'), node, npm] },
  { path: /^src\/(draw-bytes|derive-key|patience)\.ts$/, may: [node] },
  { path: /^src\/captcha\.ts$/, may: [strategyContract, only('src/draw-bytes.ts'), node, npm] },
  { path: /^src\/strategies\/(index|all)\.ts$/, may: [restOfSource] },
  {
    path: /^src\/strategies\/(\w[\w-]*\/)?[^/]+\.ts$/,
    may: [
      strategyContract,
      only('src/draw-bytes.ts', 'src/derive-key.ts', 'src/patience.ts'),
      { target: /^src\/strategies\/(?!(index|all)\.ts)/ },
      node,
      { ...npm, kinds: ['type', 'late'] },
    ],
  },
  { path: /^src\/shape\.ts$/, may: [strategyContract] },
  { path: /^src\/conformance\.ts$/, may: [strategyContract, only('src/shape.ts'), node] },
  { path: /^src\/load-strategy\.ts$/, may: [restOfSource, node] },
  { path: /^src\/(worker|primary|member|main|serve|config|call|wire)\.ts$/, may: [restOfSource, node] },
  // Stores with a mistake each, and the sound parts they are made of: strategies, so their libraries come late.
  {
    path: /^bench\/checkers\/mutants\//,
    may: [
      typesOf('src/strategy.ts', 'bench/checkers/check.ts'),
      { target: /^(src\/strategies\/(?!(index|all)\.ts)|bench\/checkers\/mutants\/)/ },
      node,
      { ...npm, kinds: ['type', 'late'] },
    ],
  },
  // What people use instead: strategies around a library each, and the table of them, which is data.
  {
    path: /^bench\/peers\//,
    may: [
      typesOf('src/strategy.ts', 'bench/report/peers.ts'),
      { target: /^(src\/strategies\/(?!(index|all)\.ts)|bench\/peers\/)/ },
      node,
      { ...npm, kinds: ['type', 'late'] },
    ],
  },
  {
    path: /^bench\/plan\.ts$/,
    may: [
      typesOf('src/strategy.ts', 'bench/gates.ts', 'bench/options.ts', 'bench/roster.ts'),
      only('bench/slices.ts', 'bench/statistics.ts', 'bench/scaling/plan.ts', 'bench/correctness/task.ts'),
    ],
    pure: true,
  },
  {
    path: /^bench\/scaling\/plan\.ts$/,
    may: [typesOf('bench/plan.ts', 'bench/slices.ts'), only('bench/statistics.ts')],
    pure: true,
  },
  {
    path: /^bench\/forecast\.ts$/,
    may: [only('bench/plan.ts', 'bench/slices.ts', 'bench/statistics.ts', 'bench/report/format.ts')],
    pure: true,
  },
  // Reads the engines' addresses as the server does.
  { path: /^bench\/services\.ts$/, may: [only('src/config.ts'), sourceTypes, restOfBench, node] },
  {
    path: /^bench\/services\//,
    may: [
      sourceTypes,
      { target: /^bench\/(services\/|(processes|paths|message-of)\.ts$)/ },
      node,
      { ...npm, kinds: ['type', 'late'] },
    ],
  },
  { path: /^bench\/topology(\/\w+)?\.ts$/, may: [sourceTypes, restOfBench, node] },
  {
    path: /^bench\/(roster\.ts|probe(\.ts|\/))/,
    may: [
      only('src/strategies/all.ts', 'src/load-strategy.ts', 'src/shape.ts'),
      typesOf('src/strategy.ts'),
      restOfBench,
      node,
    ],
  },
  // Other people's imports, as text.
  { path: /^bench\/init\/template\.ts$/, may: [node, npm] },
  // Names that are taken.
  {
    path: /^bench\/init(\.ts|\/)/,
    may: [only('src/strategies/index.ts', 'src/load-strategy.ts'), restOfBench, node],
  },
  // A program of its own beside the server, like the probe: it opens a store and carries calls to its host.
  {
    path: /^bench\/micro\/process\.ts$/,
    may: [
      only('src/call.ts', 'src/wire.ts', 'src/load-strategy.ts'),
      typesOf('src/strategy.ts'),
      restOfBench,
      node,
    ],
  },
  {
    path: /^bench\/statistics(\.ts|\/)/,
    may: [{ target: /^bench\/statistics(\.ts$|\/)/ }],
    pure: true,
  },
  // The oracle. Answers are compared by the app's own rule, or the judge would convict a store for the app's kindness.
  {
    path: /^bench\/checkers\//,
    may: [
      { target: /^bench\/checkers\// },
      only('bench/statistics.ts', 'src/captcha.ts'),
      typesOf('bench/history.ts', 'src/strategy.ts'),
    ],
    pure: true,
  },
  {
    path: /^bench\/judge\//,
    may: [
      {
        target:
          /^bench\/(judge\/|checkers\/|results\.ts$|slices\.ts$|statistics\.ts$|histogram\.ts$|plan\.ts$|earlier\.ts$)/,
      },
      typesOf(
        'bench/history.ts',
        'bench/isolation/record.ts',
        'bench/roster.ts',
        'bench/micro/records.ts',
        'bench/scaling/plan.ts',
        'bench/scaling/records.ts',
      ),
      sourceTypes,
    ],
    pure: true,
  },
  {
    path: /^bench\/gates(\.ts$|\/)/,
    may: [
      { target: /^bench\/(gates\/|results\.ts$|slices\.ts$|statistics\.ts$|checkers\/check\.ts$)/ },
      typesOf('bench/plan.ts', 'bench/earlier.ts'),
    ],
    pure: true,
  },
  // What is taken from another run's results.
  {
    path: /^bench\/earlier\.ts$/,
    may: [only('bench/message-of.ts', 'bench/results/schema.ts'), npm],
    pure: true,
  },
  {
    path: /^bench\/report\/charts\//,
    may: [
      { target: /^bench\/report\// },
      only('bench/results.ts', 'bench/slices.ts', 'bench/histogram.ts'),
      { target: /^npm:echarts\// },
    ],
    pure: true,
  },
  // Of node, a digest alone: the page's policy names its own script and style by their hashes.
  {
    path: /^bench\/report\/html\.ts$/,
    may: [{ target: /^bench\/report\// }, only('bench/results.ts', 'bench/slices.ts'), only('node:crypto')],
    pure: true,
  },
  {
    path: /^bench\/report\//,
    may: [
      { target: /^bench\/report\// },
      only('bench/results.ts', 'bench/slices.ts', 'bench/histogram.ts'),
      { target: /^npm:cli-table3$/ },
    ],
    pure: true,
  },
  // Beside the server as well: a strategy around another, and both halves of one in a process of its own.
  {
    path: /^bench\/(controls\/skewed|correctness\/heap-probe)\.ts$/,
    may: [only('src/load-strategy.ts'), typesOf('src/strategy.ts'), restOfBench, node],
  },
  // What clients saw, how it came about and what went wrong meanwhile: written here, judged elsewhere.
  {
    path: /^bench\/(correctness(\.ts|\/)|faults\/|load\/|history-file\.ts$)/,
    may: [
      sourceTypes,
      { target: /^bench\/(?!judge|report|checkers|timing|micro|main\.ts)/ },
      only('bench/checkers/rungs.ts'),
      typesOf('bench/checkers/check.ts', 'bench/timing/launch.ts'),
      node,
      npm,
    ],
  },
  // Looks at stores of its own making, as the study does at everybody's.
  { path: /^bench\/oracle(\.ts|\/)/, may: [only('src/load-strategy.ts'), restOfBench, node, npm] },
  // Tells a strategy's name from a path as the server does.
  { path: /^bench\/ab(\.ts|\/)/, may: [only('src/load-strategy.ts'), sourceTypes, restOfBench, node, npm] },
  // First estimates: slices in, lines out.
  {
    path: /^bench\/progress\/tally\.ts$/,
    may: [only('bench/slices.ts', 'bench/statistics.ts', 'bench/report/format.ts')],
    pure: true,
  },
  // What the demo tells and counts of what happened.
  {
    path: /^bench\/demo\/(telling|tally)\.ts$/,
    may: [
      { target: /^bench\/demo\//, kinds: ['type'] },
      typesOf('bench/history.ts', 'bench/roster.ts'),
      sourceTypes,
    ],
    pure: true,
  },
  // Starts servers and shows them: it measures nothing and judges nothing.
  {
    path: /^bench\/demo(\.ts|\/)/,
    may: [
      sourceTypes,
      { target: /^bench\/(?!judge|report|checkers|timing|micro|scaling|correctness|faults|main\.ts)/ },
      node,
      npm,
    ],
  },
  // Servers to compare ours with: another app under the same primary and workers.
  {
    path: /^bench\/floor\/bare-\w+\.ts$/,
    may: [only('src/serve.ts'), sourceTypes, node, npm],
  },
  // Strategies: the least that could be called the service of one of ours.
  {
    path: /^bench\/floor\/limits\//,
    may: [typesOf('src/strategy.ts'), node, { ...npm, kinds: ['type', 'late'] }],
  },
  // The record itself is types and a pure function.
  { path: /^bench\/history\.ts$/, may: [typesOf('src/strategy.ts')], pure: true },
  { path: /^bench\/controls\//, may: [typesOf('src/strategy.ts'), { target: /^bench\/controls\// }] },
  { path: /^bench\//, may: [sourceTypes, restOfBench, node, npm] },
]

const impurities: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bperformance\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\bprocess\./,
]

/** Longer files are several things; the contract's test suite is one thing with many parts. */
const longest = 300
const mayBeLong: readonly string[] = ['src/conformance.ts']

/** @returns a sentence for each rule a source breaks; none is what everyone wants */
export function complaints(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => {
    const room = rooms.find(({ path }) => path.test(source.path))
    if (room === undefined)
      return [`${source.path} belongs to no room: give it one in bench/tests/imports.ts`]
    return [...trespasses(source, room), ...(room.pure === true ? impure(source) : []), ...tooLong(source)]
  })
}

function trespasses({ path, text }: Source, { may }: Room): readonly string[] {
  return importsOf({ path, text }).flatMap(({ target, kind }) => {
    const fits = may.some(
      ({ target: allowed, kinds }) => allowed.test(target) && (kinds?.includes(kind) ?? true),
    )
    return fits ? [] : [`${path} may not import ${target} (${kind})`]
  })
}

function impure({ path, text }: Source): readonly string[] {
  const code = withoutComments(text)
  return impurities.flatMap((pattern) => {
    const found = pattern.exec(code)
    return found === null ? [] : [`${path} is pure and may not use ${found[0]}`]
  })
}

function tooLong({ path, text }: Source): readonly string[] {
  const lines = text.trimEnd().split('\n').length
  return lines <= longest || mayBeLong.includes(path)
    ? []
    : [`${path} has ${lines} lines, more than ${longest}`]
}

const statements = /\b(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s*(['"])([^'"]+)\2/g
const bareImports = /\bimport\s*(['"])([^'"]+)\1/g
const calls = /\b(?:import|require|createRequire\([^)]*\))\s*\(\s*(['"`])([^'"`]+)\1/g

/** Every import statement, re-export, dynamic import and require of a source. */
export function importsOf({ path, text }: Source): readonly Import[] {
  const code = withoutComments(text)
  const found = (specifier: string, kind: ImportKind) => ({ target: targetOf(path, specifier), kind })
  return [
    ...Array.from(code.matchAll(statements), ([, type, , specifier = '']) =>
      found(specifier, type === undefined ? 'value' : 'type'),
    ),
    ...Array.from(code.matchAll(bareImports), ([, , specifier = '']) => found(specifier, 'value')),
    ...Array.from(code.matchAll(calls), ({ index, 2: specifier = '' }) =>
      found(specifier, depthAt(code, index) > 0 ? 'late' : 'value'),
    ),
  ]
}

function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  if (!specifier.startsWith('.')) return `npm:${specifier}`
  return new URL(specifier, `file:///${path}`).pathname.slice(1).replace(/\.js$/, '.ts')
}

/** How many braces are open: none means that the module itself runs it, as soon as it is loaded. */
function depthAt(code: string, index: number): number {
  const before = code.slice(0, index)
  return before.split('{').length - before.split('}').length
}

const stringsAndComments =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

function withoutComments(text: string): string {
  return text.replace(stringsAndComments, (part) => (part.startsWith('/') ? '' : part))
}
