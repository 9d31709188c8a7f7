import type { CheckName } from '../check.js'

/** The part of the correctness study in which a mistake shows. */
export type Phase =
  | 'ordinary'
  | 'replay'
  | 'expiry'
  | 'heap'
  | 'kill-worker'
  | 'pause-worker'
  | 'restart'
  | 'full-disk'
  | 'corrupt-file'
  | 'crash-at-write'
  | 'stop-engine'
  | 'pause-engine'
  | 'crash-engine'

/** A module with a strategy as its default export. */
export interface Subject {
  readonly name: string
  /** Compiled, from the package's root. */
  readonly file: string
}

/** A store with one mistake, which claims what its author believed. */
export interface Mutant extends Subject {
  /** The check that has to say `invalid`; others may, too. */
  readonly caughtBy: CheckName
  readonly needs: Phase
  readonly why: string
}

type Row = readonly [name: string, caughtBy: CheckName, needs: Phase, why: string]

const rows: readonly Row[] = [
  ['map-per-worker', 'visibility', 'ordinary', 'The other workers have Maps of their own.'],
  ['secret-per-worker', 'visibility', 'ordinary', 'The other workers cannot open the token.'],
  [
    'stale-listing',
    'visibility',
    'ordinary',
    'A worker that listed the directory less than 200 ms before an issue elsewhere does not know the captcha yet.',
  ],
  [
    'lost-update',
    'visibility',
    'ordinary',
    'Of two workers that commit at once one undoes what the other has acknowledged; the captcha is nowhere any more.',
  ],
  [
    'one-temporary-name',
    'visibility',
    'ordinary',
    "Of two issues at once one file gets the other's contents, so the right guess is told wrong.",
  ],
  [
    'busy-is-unknown',
    'visibility',
    'ordinary',
    'A take that meets another worker’s transaction, open for 3 ms with every issue, says unknown of a live captcha.',
  ],
  [
    'replies-in-key-order',
    'visibility',
    'ordinary',
    "Of takes at once each gets another one's answer, so the right guesses are told wrong.",
  ],
  [
    'sweeps-the-living',
    'visibility',
    'ordinary',
    'Whatever is there when the sweeper comes, twice a second, is unknown afterwards.',
  ],
  ['one-in-a-hundred', 'visibility', 'ordinary', 'Each hundredth read of a worker says unknown.'],
  [
    'get-then-delete',
    'single-use',
    'ordinary',
    'Takes of one captcha within 5 ms of one another all look before the first has deleted.',
  ],
  [
    'delete-says-true',
    'single-use',
    'ordinary',
    'Takes of one captcha at once all read the file, and each is told that it deleted it.',
  ],
  ['token-without-used-set', 'single-use', 'replay', 'An accepted token is accepted again, by every worker.'],
  ['used-set-per-worker', 'single-use', 'replay', 'An accepted token is accepted again by another worker.'],
  [
    'capped-used-set',
    'single-use',
    'replay',
    'An accepted token is accepted again once 64 others have been taken.',
  ],
  [
    'stale-cache',
    'single-use',
    'replay',
    'A worker that has read the captcha accepts it from its cache after another worker has.',
  ],
  [
    'three-guesses',
    'one-guess',
    'ordinary',
    'After a wrong guess the captcha is still there for a right one.',
  ],
  ['counts-ids', 'no-phantoms', 'ordinary', 'Every worker issues the same ids.'],
  [
    'accepts-unknown',
    'no-phantoms',
    'ordinary',
    'An id that was never issued has a picture, and an empty guess is accepted for it.',
  ],
  ['sweeper-decides', 'expiry', 'expiry', 'An expired captcha is found for up to three seconds.'],
  ['seconds-for-milliseconds', 'expiry', 'expiry', 'A captcha lives a thousand times too long.'],
  ['sliding-expiry', 'expiry', 'expiry', 'A read shortly before the end gives a captcha a second lifetime.'],
  ['never-sweeps', 'boundedness', 'expiry', 'The files of expired captchas stay.'],
  ['keeps-temporary-files', 'boundedness', 'expiry', 'A temporary file stays for every captcha.'],
  ['never-forgets', 'boundedness', 'heap', 'Expired captchas nobody asks for stay in memory.'],
  [
    'torn-write',
    'integrity',
    'ordinary',
    'An independent reader finds captchas.json empty or cut short while the primary writes it.',
  ],
  [
    'short-write',
    'integrity',
    'full-disk',
    'A captchas.json that the full disk cut short is moved into place.',
  ],
  [
    'commit-unheard',
    'single-use',
    'full-disk',
    'A take whose commit fails on the full disk is acknowledged, and the captcha can be taken again.',
  ],
  [
    'falls-back-to-memory',
    'fail-closed',
    'full-disk',
    'A captcha that the full disk did not take is acknowledged, and the other workers say unknown.',
  ],
  [
    'corrupt-as-empty',
    'fail-closed',
    'corrupt-file',
    'Live captchas are unknown once captchas.json cannot be parsed.',
  ],
  [
    'unreadable-is-unknown',
    'fail-closed',
    'corrupt-file',
    'A live captcha whose file is damaged is unknown.',
  ],
  [
    'unfenced-lock',
    'no-loss',
    'pause-worker',
    'A holder stopped for longer than 2 s wakes up and installs its old state over what was acknowledged meanwhile.',
  ],
  [
    'foreign-release',
    'no-loss',
    'ordinary',
    'A holder that took longer than the lock lasts removes the lock of its successor; then two commit at once.',
  ],
  [
    'lock-outlives-its-holder',
    'recovery',
    'kill-worker',
    'The lock of a worker that was killed while it held it stays, and every call fails from then on.',
  ],
  [
    'forgets-the-crashed',
    'durability',
    'kill-worker',
    'The captchas a killed worker had issued are thrown away when it is replaced.',
  ],
  ['write-behind', 'durability', 'restart', 'Issues of the last two seconds before a crash are gone.'],
  ['away-is-unknown', 'fail-closed', 'stop-engine', 'Live captchas are unknown while Redis is away.'],
  [
    'stands-in-for-redis',
    'fail-closed',
    'stop-engine',
    'A captcha issued while Redis is away is acknowledged, and the other workers say unknown.',
  ],
  [
    'repeats-takes',
    'fail-closed',
    'pause-engine',
    'A take that Redis did not answer in time is sent again; the first had taken the captcha, the second says unknown.',
  ],
  [
    'redis-unlogged',
    'durability',
    'stop-engine',
    'Captchas issued before Redis is stopped are unknown when it is back.',
  ],
  [
    'redis-used-set-unlogged',
    'no-resurrection',
    'stop-engine',
    'Tokens taken before Redis is stopped can be taken again when it is back.',
  ],
  [
    'takes-flushed-late',
    'no-resurrection',
    'restart',
    'Captchas taken in the last two seconds before a crash can be taken again.',
  ],
]

const folder = 'dist/bench/checkers/mutants'

/** The correctness study has to convict each of these … */
export const mutants: readonly Mutant[] = rows.map(([name, caughtBy, needs, why]) => ({
  name,
  file: `${folder}/${name}.js`,
  caughtBy,
  needs,
  why,
}))

const soundNames = [
  'primary-memory',
  'slow-directory',
  'slow-sweeps',
  'fails-at-times',
  'json-in-primary',
  'spent-tokens',
  'sqlite-full',
]

/** … and none of these, whatever befalls them. */
export const sound: readonly Subject[] = soundNames.map((name) => ({
  name,
  file: `${folder}/sound/${name}.js`,
}))
