import { writeFileSync } from 'node:fs'
import { schemaText } from '../bench/results.js'

/** Publishes the shape of results.json; a test holds the file against the source. */
writeFileSync('results/schema.json', schemaText())
