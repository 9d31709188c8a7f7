/** Paired blocks → Estimate, and what may be concluded from it. Pure: no clock, no I/O, no randomness but a seed given. */
export { type Comparison, type Evidence, holm, type Interval, ranks, verdict } from './statistics/decide.js'
export { fUpperTail, normalQuantile, tCdf, tQuantile, twoSidedP } from './statistics/distributions.js'
export {
  type Estimate,
  type EstimateOptions,
  estimateRatio,
  estimateRatios,
  type Launches,
  type Rival,
} from './statistics/estimate.js'
export { fitGrowth } from './statistics/growth.js'
export { hodgesLehmann, mean, median, quantile } from './statistics/location.js'
export { type Proportion, wilson } from './statistics/proportion.js'
export { type Random, seededRandom, shuffle } from './statistics/random.js'
