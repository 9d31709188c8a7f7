import type { Results } from '../results.js'
import { bytes, crew, percent } from './format.js'

export function findings(results: Results): string {
  const rows = results.findings.map(
    ({ claim, measured, verdict }, index) => `${index + 1}. **${verdict}**: ${claim}\n   ${measured}`,
  )
  return ['## Findings', '', "The design note's sentences, held against this run.", '', ...rows].join('\n')
}

export function limits(results: Results): string {
  const lines = limitLines(results).map((line) => `- ${line}`)
  return ['## How to read it, and what it does not show', '', ...lines].join('\n')
}

export function limitLines({ run }: Results): readonly string[] {
  return [
    `Brackets are 95 % intervals over launches and blocks. Ratios are paired within a block against ${run.baseline}; for throughput above 1 is better, for the others below. ▲ faster, ▼ slower, = equivalent (interval inside ±5 %), ? inconclusive; verdicts are adjusted for their number (Holm). δ is the smallest difference this run could have told. Strategies whose intervals overlap share a rank.`,
    'Latencies are those of accepted answers. Throughput counts every answer: a refusal is work too.',
    'Absolute times belong to this machine on this day; only ratios of one run compare.',
    'Pictures were not drawn (`RENDER=none`): svg-captcha adds about 0.2 ms of CPU time to each read of any strategy.',
    `The load is ${run.rate === undefined ? 'a closed loop' : 'an open loop'} on the loopback interface, from the machine the servers run on.`,
    run.studies.includes('correctness')
      ? 'The checkers are themselves tried, on stores with known mistakes: `npm run oracle`, results/reference/oracle.md.'
      : 'No race was forced, no process killed, no disk filled: single use and durability are not exercised by these studies.',
    '† an exhibit: wrong on purpose; its broken claims do not fail a run.',
  ]
}

const engineNames = { redis: 'Redis', postgres: 'PostgreSQL' } as const

export function engineLine({
  engine,
  version,
  origin,
}: NonNullable<Results['environment']['engines']>[number]): string {
  return origin === 'own'
    ? `${engineNames[engine]} ${version}, on this machine, started for this run; its CPU time counts as its strategies’.`
    : `${engineNames[engine]} ${version}, at an address that was given; its CPU time is in no figure.`
}

export function machine({ environment, run }: Results, command: string): string {
  const { cpu, cores, memoryBytes, system, node, crossworker, libraries, engines = [] } = environment
  const { loadAverage, steal } = environment
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`)
  return [
    '## Machine',
    '',
    `${cpu}, ${cores} cores, ${bytes(memoryBytes)}; ${system}; Node ${node}; crossworker ${crossworker}, ${versions.join(', ')}.`,
    ...engines.map(engineLine),
    `Load average before the run ${loadAverage.toFixed(2)}${steal === null ? '' : `; ${percent(steal)} of CPU time since boot stolen by the host`}.`,
    '',
    '```sh',
    // In a fence nothing is markup, but for what would end it.
    command.replaceAll(/[`\n\r]/g, ' '),
    '```',
    '',
    `Seed ${run.seed}; ${crew(run)}, ${run.connections} connections; ${run.wallSeconds.toFixed(0)} s; started ${run.startedAt}.`,
  ].join('\n')
}
