/** A captcha the server said it has issued. */
export interface Captcha {
  readonly id: string
  readonly answer: string
  readonly issuer: number
}

export interface Remembered {
  /** Nobody is known to have taken them. */
  readonly outstanding: readonly Captcha[]
  /** Somebody has. */
  readonly spent: readonly Captcha[]
}

/** Captchas that somebody will come back to: the newest of each kind, so that stores which rewrite all they hold stay small. */
export interface Ledger {
  /** @returns one that has to make room: it is for the caller to come back to now */
  leave(captcha: Captcha): Captcha | undefined
  spend(captcha: Captcha): Captcha | undefined
  /** Hands out everything and begins anew. */
  empty(): Remembered
}

export function createLedger(capacity: number): Ledger {
  let outstanding: Captcha[] = []
  let spent: Captcha[] = []

  function push(list: Captcha[], captcha: Captcha): Captcha | undefined {
    list.push(captcha)
    return list.length > capacity ? list.shift() : undefined
  }

  return {
    leave: (captcha) => push(outstanding, captcha),
    spend: (captcha) => push(spent, captcha),
    empty() {
      const remembered = { outstanding, spent }
      outstanding = []
      spent = []
      return remembered
    },
  }
}
