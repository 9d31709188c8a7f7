/**
 * A name as it stands in every export: letters, digits and -_.!~*'() as they are, all else percent-encoded, as in an address.
 * Names are what trend tools find a benchmark by, so two must never become one; and they put them into lines, tables and
 * pages of their own. Pure.
 */
export function exportName(name: string): string {
  // Halves of surrogate pairs have no place in an address.
  return encodeURIComponent(name.replaceAll(/\p{Cs}/gu, '\ufffd'))
}
