import { describe, expect, test } from 'vitest'
import { type CorrectnessTask, full, glance, type SiteName, siteNames, taskAt } from '../correctness/task.js'
import { memory, planOf } from './fixtures.js'

const { signal } = new AbortController()
const services = { fresh: () => Promise.reject(new Error('not asked for')) }

function task(more: Partial<CorrectnessTask>): CorrectnessTask {
  const { name, module, claims } = memory
  const place = {
    topology: 'processes',
    hosts: 1,
    workers: 4,
    seed: 1,
    folder: '',
    signal,
    services,
  } as const
  return { ...full, name, strategy: module, claims, ...place, ...more }
}

const wide: readonly SiteName[] = ['ordinary', 'faults', 'threads', 'fleet']

describe('the task of a site', () => {
  test('has the workers it was given where many show more than few, whatever the intensity', () => {
    for (const site of wide) expect(taskAt(site, task(glance)).workers).toBe(4)
  })

  test('has two in a glance where the second shows what the fourth would', () => {
    for (const site of siteNames.filter((name) => !wide.includes(name)))
      expect(taskAt(site, task(glance))).toEqual({ ...task(glance), workers: 2 })
  })

  test('never has more than it was given', () => {
    for (const site of siteNames) expect(taskAt(site, task({ ...glance, workers: 1 })).workers).toBe(1)
  })

  test('is the same at every site where nobody asked for a glance', () => {
    for (const site of siteNames) expect(taskAt(site, task({}))).toEqual(task({}))
    expect(planOf([memory], { studies: ['correctness'], thorough: true }).correctness).not.toHaveProperty(
      'sideWorkers',
    )
  })
})
