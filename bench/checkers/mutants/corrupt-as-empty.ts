import type { Strategy } from '../../../src/strategy.js'
import { inPrimary } from './parts/in-primary.js'
import { type Captchas, jsonFileStore, parseCaptchas } from './parts/json-file.js'

/** The mistake: a file that cannot be parsed is taken for an empty one, "so that the server starts in any case". */
const corruptAsEmpty: Strategy = {
  name: 'corrupt-as-empty',
  summary: 'One JSON file, replaced by the primary alone; starts afresh when it is damaged.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => jsonFileStore(dataDir, { parse: parseOrEmpty })),
}

function parseOrEmpty(text: string): Captchas {
  try {
    return parseCaptchas(text)
  } catch {
    return new Map()
  }
}

export default corruptAsEmpty
