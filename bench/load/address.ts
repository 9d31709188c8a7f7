/** Where some of a server's workers answer: all processes of a host at one address, each thread at its own. */
export interface Address {
  readonly endpoint: string
  /** Which start of which server answers there. */
  readonly instance: string
  /** Numbers of the workers behind it. */
  readonly workers: readonly number[]
  /** What is added to the number a worker says it has: each host counts from 0. */
  readonly first: number
}

export type Addresses = readonly [Address, ...Address[]]

/** Connections are spread over the addresses: the first goes to the first, and so on, around and around. */
export function inTurn(addresses: Addresses, index: number): Address {
  return addresses[index % addresses.length] ?? addresses[0]
}
