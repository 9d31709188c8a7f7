/** `--fail-on`: text → gate → verdict. Pure. */
export { asksForChange, whyInfeasible } from './gates/feasible.js'
export { judgeGates } from './gates/judge.js'
export { everyone, type Gate, parseGate } from './gates/parse.js'
