import * as hdr from 'hdr-histogram-js'

/** Latencies, recorded in nanoseconds with three significant digits, told in microseconds. */
export interface Latencies {
  record(us: number): void
  /** @param share 0 to 1 @returns µs; `null` when nothing was recorded */
  quantileUs(share: number): number | null
  /** A quantile, or `null` of fewer samples than it takes to have one beyond it: there it is another word for the maximum. */
  tailUs(share: number): number | null
  maxUs(): number | null
  readonly count: number
  /** HdrHistogram's own compressed form, V2, base64. */
  encode(): string
  merge(encoded: string): void
}

/** @param encoded as `encode` gave them */
export function mergeLatencies(encoded: readonly string[]): Latencies {
  const latencies = createLatencies()
  for (const histogram of encoded) latencies.merge(histogram)
  return latencies
}

/**
 * How often each latency was recorded, lowest first, in µs.
 * @throws Error when the text is no histogram
 */
export function latencyCounts(encoded: string): readonly { readonly us: number; readonly count: number }[] {
  const histogram = hdr.decodeFromCompressedBase64(encoded)
  if (!(histogram instanceof hdr.JsHistogram)) throw new TypeError('expected a histogram without WebAssembly')
  const { recordedValuesIterator: values } = histogram
  values.reset()
  const counts: { us: number; count: number }[] = []
  while (values.hasNext()) {
    const { valueIteratedTo, countAddedInThisIterationStep: count } = values.next()
    counts.push({ us: valueIteratedTo / 1_000, count })
  }
  return counts
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
    tailUs: (share) =>
      histogram.totalCount * (1 - share) >= 1 ? told(histogram.getValueAtPercentile(share * 100)) : null,
    maxUs: () => told(histogram.maxValue),
    get count() {
      return histogram.totalCount
    },
    encode: () => hdr.encodeIntoCompressedBase64(histogram),
    merge: (encoded) => histogram.add(hdr.decodeFromCompressedBase64(encoded)),
  }
}
