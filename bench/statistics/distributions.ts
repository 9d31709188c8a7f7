import { demand, demandBetweenZeroAndOne } from './demand.js'

// Beyond this t and normal quantiles differ by less than 1e-5 of themselves for |z| < 6.
const PRACTICALLY_NORMAL = 1e6

/**
 * P(T ≤ t) of Student's t with real-valued degrees of freedom, by the incomplete beta function (Abramowitz &
 * Stegun 26.7.1).
 * @throws RangeError when t is NaN or df is not positive.
 */
export function tCdf(t: number, df: number): number {
  const tail = twoSidedP(t, df) / 2
  return t > 0 ? 1 - tail : tail
}

/**
 * P(|T| ≥ |t|): computed without the subtraction from 1, so that tiny p-values keep their digits.
 * @throws RangeError when t is NaN or df is not positive.
 */
export function twoSidedP(t: number, df: number): number {
  demand(df > 0, 't: expected positive degrees of freedom', df)
  demand(!Number.isNaN(t), 't: expected a number', t)
  if (!Number.isFinite(t)) return 0
  const known = Math.min(df, PRACTICALLY_NORMAL)
  return incompleteBeta(known / (known + t * t), known / 2, 0.5)
}

/**
 * P(F ≥ f) of Fisher's F with real-valued degrees of freedom (Abramowitz & Stegun 26.6.2).
 * @throws RangeError when f is negative or a df is not positive.
 */
export function fUpperTail(f: number, numeratorDf: number, denominatorDf: number): number {
  demand(numeratorDf > 0, 'F: expected positive degrees of freedom', numeratorDf)
  demand(denominatorDf > 0, 'F: expected positive degrees of freedom', denominatorDf)
  demand(f >= 0, 'F: expected a number from 0', f)
  return incompleteBeta(denominatorDf / (denominatorDf + numeratorDf * f), denominatorDf / 2, numeratorDf / 2)
}

/**
 * The t with P(T ≤ t) = p, to about 1e-9 relative; df may be fractional, or Infinity for the normal quantile.
 * @throws RangeError when p is not strictly between 0 and 1 or df is not positive.
 */
export function tQuantile(p: number, df: number): number {
  demandBetweenZeroAndOne('tQuantile: p', p)
  demand(df > 0, 't: expected positive degrees of freedom', df)
  if (df >= PRACTICALLY_NORMAL) return normalQuantile(p)
  const tails = 2 * Math.min(p, 1 - p)
  const x = bisect((candidate) => incompleteBeta(candidate, df / 2, 0.5) < tails)
  return Math.sign(p - 0.5) * Math.sqrt((df * (1 - x)) / x)
}

/**
 * The z with Φ(z) = p: PPND7 of Wichura's AS 241 (1988), about 7 digits.
 * @throws RangeError when p is not strictly between 0 and 1.
 */
export function normalQuantile(p: number): number {
  demandBetweenZeroAndOne('normalQuantile: p', p)
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) return q * rational(0.180625 - q * q, CENTRE)
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)))
  return Math.sign(q) * (r <= 5 ? rational(r - 1.6, SHOULDER) : rational(r - 5, TAIL))
}

type Rational = readonly [numerator: readonly number[], denominator: readonly number[]]

// Coefficients from the constant term upwards, as published.
const CENTRE: Rational = [
  [3.3871327179, 50.434271938, 159.29113202, 59.10937472],
  [1, 17.895169469, 78.757757664, 67.1875636],
]
const SHOULDER: Rational = [
  [1.4234372777, 2.75681539, 1.3067284816, 0.17023821103],
  [1, 0.7370016425, 0.12021132975],
]
const TAIL: Rational = [
  [6.657905115, 3.081226386, 0.42868294337, 0.017337203997],
  [1, 0.24197894225, 0.012258202635],
]

function rational(x: number, [numerator, denominator]: Rational): number {
  const horner = (coefficients: readonly number[]) => coefficients.reduceRight((sum, c) => sum * x + c, 0)
  return horner(numerator) / horner(denominator)
}

// Newton would need fewer steps but diverges for df < 1; halving cannot, and stops at the last bit.
function bisect(isTooSmall: (x: number) => boolean): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (isTooSmall(middle)) low = middle
    else high = middle
  }
  return high
}

/** I_x(a, b). The continued fraction converges fast left of the mean; right of it, the mirror image does. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
  const front = Math.exp(logFront)
  const mirrored = x > (a + 1) / (a + b + 2)
  return mirrored ? 1 - (front * betaFraction(1 - x, b, a)) / b : (front * betaFraction(x, a, b)) / a
}

/** Abramowitz & Stegun 26.5.8, evaluated forwards by Lentz's method (Thompson & Barnett 1986). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 5000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    const before = fraction
    for (const term of [even, odd]) {
      d = 1 / awayFromZero(1 + term * d)
      c = awayFromZero(1 + term / c)
      fraction *= c * d
    }
    if (Math.abs(fraction - before) <= 1e-15 * Math.abs(fraction)) break
  }
  return fraction
}

function awayFromZero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x
}

// Lanczos (1964), g = 7, nine terms: about 15 digits for positive arguments.
const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

function logGamma(x: number): number {
  // The series is for x ≥ 1/2; Γ(x) = Γ(x + 1) / x covers the small degrees of freedom below it.
  if (x < 0.5) return logGamma(x + 1) - Math.log(x)
  const series = LANCZOS.reduce((sum, c, i) => sum + c / (x + i), 0.99999999999980993)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series)
}
