#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Random recurrence rules through `loa schedule next` and through rrule (npm): the same times, to the minute.
// Times are of Vietnam for the one and without a zone for the other, and looked at until 2100. Left out is what
// RFC 5545 leaves open or Loa refuses (dispatcher/campaign/rrule.h says what), and what rrule 2.8.1 does not do:
// weekdays with and without a number in one rule; two BYSETPOS that mean the same time give it twice; hours and minutes that are not in order come out of order.
// Usage: rrule.mjs [RULES [SEED]]. TAP; the seed is printed.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { RRule } = createRequire(import.meta.url)('rrule')
const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const loa = join(process.env.B ?? join(top, 'build'), 'loa')
const total = Number(process.argv[2] ?? process.env.COUNT ?? 200)
const seed = Number(process.argv[3] ?? process.env.SEED ?? 20261129)
const wanted = 25

// Numerical Recipes' ranqd1: the same rules again for the same seed.
let word = seed >>> 0
const random = n => {
  word = (Math.imul(word, 1664525) + 1013904223) >>> 0
  return Math.floor((word / 2 ** 32) * n)
}
const one = list => list[random(list.length)]
const maybe = (n, make) => (random(n) === 0 ? make() : [])
const some = (from, to, most) =>
  [...new Set(Array.from({ length: 1 + random(most) }, () => from + random(to - from + 1)))].sort((a, b) => a - b)
const signed = (most, n) => [...new Set(Array.from({ length: n }, () => (1 + random(most)) * one([1, 1, -1])))]
const two = n => String(n).padStart(2, '0')
const days = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

function weekdays(ordinals) {
  const isNumbered = ordinals && random(2) === 0
  const list = Array.from({ length: 1 + random(3) }, () => (isNumbered ? one([1, 2, 3, 4, -1, -2]) : '') + one(days))
  return [`BYDAY=${[...new Set(list)].join(',')}`]
}

function daysOf(freq) {
  const month = maybe(2, () => [`BYMONTH=${some(1, 12, 3)}`])
  const monthDay = () => [`BYMONTHDAY=${signed(31, 1 + random(3))}`]
  switch (freq) {
    case 'DAILY': return [...month, ...maybe(3, monthDay), ...maybe(3, () => weekdays(false))]
    case 'WEEKLY': return [...month, ...maybe(2, () => weekdays(false))]
    case 'MONTHLY': return [...month, ...one([() => [], monthDay, () => weekdays(true)])()]
    default: return [...month, ...one([() => [], monthDay, () => weekdays(month.length > 0)])()]
  }
}

function make() {
  const freq = one(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'])
  const date = `20${26 + random(6)}-${two(1 + random(12))}-${two(1 + random(28))}`
  const time = `${two(random(24))}:${two(random(60))}`
  const by = daysOf(freq)
  const hours = maybe(4, () => [`BYHOUR=${some(0, 23, 3)}`])
  const minutes = hours.length > 0 ? maybe(2, () => [`BYMINUTE=${some(0, 59, 2)}`]) : []
  const place = by.length > 0 ? maybe(5, () => [`BYSETPOS=${one([1, 2, -1])}`]) : []
  const end = one([[], [], [`COUNT=${1 + random(30)}`], [`UNTIL=20${32 + random(3)}0${1 + random(9)}15T120000`]])
  const every = maybe(2, () => [`INTERVAL=${1 + random(5)}`])
  const start = maybe(4, () => [`WKST=${one(days)}`])
  return { rule: [`FREQ=${freq}`, ...every, ...by, ...hours, ...minutes, ...place, ...start, ...end].join(';'), date, time, isTimed: hours.length > 0 }
}

function ours({ rule, date, time, isTimed }) {
  const spec = isTimed ? { rrule: rule, start: `${date}T${time}` } : { rrule: rule, time, start: date }
  const r = spawnSync(loa, ['schedule', 'next', JSON.stringify(spec), '--from', `${date}T00:00`, '-n', String(wanted)], { encoding: 'utf8' })
  if (r.status !== 0) return `refused: ${r.stderr.trim()}`
  return r.stdout.split('\n').filter(line => line !== '' && line < '2100').map(line => line.slice(0, 16)).join(' ')
}

function theirs({ rule, date, time }) {
  const options = RRule.parseString(rule.replace(/(UNTIL=\w+)/, '$1Z'))
  options.dtstart = new Date(`${date}T${time}:00Z`)
  options.until ??= new Date('2099-12-31T23:59:59Z')
  const out = new RRule(options).all((d, i) => i < wanted)
  return out.map(d => d.toISOString().slice(0, 16)).join(' ')
}

let count = 0
let times = 0
const wrong = []
for (; count < total; count++) {
  const one = make()
  const [mine, other] = [ours(one), theirs(one)]
  times += other.split(' ').length
  if (mine !== other) wrong.push({ ...one, mine, other })
}
console.log(`# seed ${seed}: ${count} rules, ${times} times`)
console.log(`${wrong.length === 0 ? 'ok' : 'not ok'} 1 - random rules give the times that rrule gives`)
for (const w of wrong.slice(0, 8)) {
  console.log(`# ${w.rule} from ${w.date}T${w.time}\n#   ours:   ${w.mine.slice(0, 200)}\n#   theirs: ${w.other.slice(0, 200)}`)
}
if (wrong.length > 8) console.log(`# and ${wrong.length - 8} more`)
console.log('1..1')
process.exit(wrong.length > 0 ? 1 : 0)
