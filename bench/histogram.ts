import * as hdr from 'hdr-histogram-js'

/** Latencies, recorded in nanoseconds with three significant digits, told in microseconds. */
export interface Latencies {
  record(us: number): void
  /** @param share 0 to 1 @returns µs; `null` when nothing was recorded */
  quantileUs(share: number): number | null
  maxUs(): number | null
  readonly count: number
  /** HdrHistogram's own compressed form, V2, base64. */
  encode(): string
  merge(encoded: string): void
}

const highestNs = 120e9

export function createLatencies(): Latencies {
  const histogram = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestNs,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  })
  const told = (ns: number) => (histogram.totalCount === 0 ? null : ns / 1_000)
  return {
    record: (us) => histogram.recordValue(Math.min(highestNs, Math.max(1, Math.round(us * 1_000)))),
    quantileUs: (share) => told(histogram.getValueAtPercentile(share * 100)),
    maxUs: () => told(histogram.maxValue),
    get count() {
      return histogram.totalCount
    },
    encode: () => hdr.encodeIntoCompressedBase64(histogram),
    merge: (encoded) => histogram.add(hdr.decodeFromCompressedBase64(encoded)),
  }
}
