import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: expired captchas are refused and kept. Whoever asks for pictures and never answers fills the disk. */
const neverSweeps: Strategy = {
  name: 'never-sweeps',
  summary: 'One file per captcha, deleted when it is taken.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open: ({ dataDir }) => fileStore(openFiles(dataDir), false),
}

export default neverSweeps
