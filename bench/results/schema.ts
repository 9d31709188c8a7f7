import { type TObject, type TProperties, type TSchema, Type } from 'typebox'

/** What the schemas of results.json are made of. */

export function object<T extends TProperties>(properties: T): TObject<T> {
  return Type.Object(properties, { additionalProperties: false })
}

export function literals<const T extends string[]>(...words: readonly [...T]) {
  return Type.Enum<T>(words)
}

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
export const number = () => Type.Number()
export const share = () => Type.Number({ minimum: 0, maximum: 1 })
export const count = () => Type.Integer({ minimum: 0 })
