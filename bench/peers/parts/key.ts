import { randomBytes } from 'node:crypto'

/** What the app that uses a store would make itself: 144 random bits. */
export const newId = (): string => randomBytes(18).toString('base64url')

/** The app asks for whatever base64url text a client sends; a store whose keys are file names is asked for its own alone. */
export const isOwnId = (id: string): boolean => id.length === 24

/** Where a library sweeps at an interval of the user's choice, ms: law 6 wants it within seconds. By the first worker alone, as ours. */
export const sweepMs = 2_000
