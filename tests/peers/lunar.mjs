#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The lunar feasts of config/calendar.json against astronomy: new moons (Meeus, Astronomical Algorithms,
// chapter 49) and the longitude of the sun (chapter 25, low accuracy), days counted at UTC+7 as Vietnam
// has done since 1968. A month begins on the day of a new moon; the 11th holds the winter solstice; of 13
// months between two solstices the first without a principal term is a leap month. TAP.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const calendar = JSON.parse(readFileSync(join(top, 'config', 'calendar.json'), 'utf8'))
const rad = degrees => (degrees * Math.PI) / 180
const sin = degrees => Math.sin(rad(degrees))
const deltaT = 72 / 86400 // days, 2026 to 2031
const zone = 7 / 24
const synodic = 29.530588861

// Julian day (dynamical time) of new moon k, k = 0 on 6 January 2000
function newMoon(k) {
  const t = k / 1236.85
  const e = 1 - 0.002516 * t - 0.0000074 * t * t
  const sun = 2.5534 + 29.1053567 * k
  const moon = 201.5643 + 385.81693528 * k + 0.0107582 * t * t
  const f = 160.7108 + 390.67050284 * k - 0.0016118 * t * t
  const node = 124.7746 - 1.56375588 * k
  const terms = [[-0.4072, moon], [0.17241 * e, sun], [0.01608, 2 * moon], [0.01039, 2 * f],
    [0.00739 * e, moon - sun], [-0.00514 * e, moon + sun], [0.00208 * e * e, 2 * sun],
    [-0.00111, moon - 2 * f], [-0.00057, moon + 2 * f], [0.00056 * e, 2 * moon + sun], [-0.00042, 3 * moon],
    [0.00042 * e, sun + 2 * f], [0.00038 * e, sun - 2 * f], [-0.00024 * e, 2 * moon - sun], [-0.00017, node],
    [0.000325, 299.77 + 0.107408 * k], [0.000165, 251.88 + 0.016321 * k], [0.000164, 251.83 + 26.651886 * k]]
  return terms.reduce((sum, [c, angle]) => sum + c * sin(angle),
    2451550.09766 + synodic * k + 0.00015437 * t * t)
}

function sunLongitude(julian) {
  const t = (julian - 2451545) / 36525
  const m = 357.52911 + 35999.05029 * t - 0.0001537 * t * t
  const centre = (1.914602 - 0.004817 * t) * sin(m) + (0.019993 - 0.000101 * t) * sin(2 * m) + 0.000289 * sin(3 * m)
  const l = 280.46646 + 36000.76983 * t + 0.0003032 * t * t + centre - 0.00569 - 0.00478 * sin(125.04 - 1934.136 * t)
  return ((l % 360) + 360) % 360
}

// Days are Julian day numbers of their noon in Vietnam.
const firstDay = k => Math.floor(newMoon(k) - deltaT + 0.5 + zone)
const sector = day => Math.floor(sunLongitude(day - 0.5 - zone + deltaT) / 30)
const dayOf = date => Date.parse(`${date}T12:00:00Z`) / 86400000 + 2440587.5
const dateOf = day => new Date((day - 2440587.5) * 86400000).toISOString().slice(0, 10)

function month11(year) {
  const end = dayOf(`${year}-12-31`)
  let k = Math.floor((end - 2451550.1) / synodic) + 1
  while (firstDay(k) > end) k--
  return sector(firstDay(k)) >= 9 ? k - 1 : k
}

// first day of a month (not a leap month) of the lunar year
function monthOf(year, month) {
  const from = month11(month < 11 ? year - 1 : year)
  const to = month11(month < 11 ? year : year + 1)
  let n = 11
  let leap = to - from === 13
  for (let k = from; k < to; k++) {
    const isLeap = leap && k > from && sector(firstDay(k)) === sector(firstDay(k + 1))
    if (isLeap) leap = false
    else if (k > from) n = (n % 12) + 1
    if (!isLeap && n === month) return firstDay(k)
  }
  throw new Error(`no month ${month} in ${year}`)
}

let count = 0
let failed = 0
function ok(is, sentence) {
  count++
  if (!is) failed++
  console.log(`${is ? 'ok' : 'not ok'} ${count} - ${sentence}`)
}

// Known from elsewhere: Tết of 1985 in Vietnam and China differ by a month (21 January and 20 February).
ok(dateOf(monthOf(1985, 1)) === '1985-01-21', 'Tết of 1985 is on 21 January')
ok(dateOf(monthOf(2007, 1)) === '2007-02-17', 'Tết of 2007 is on 17 February')

const feasts = [['tet', 1, 1], ['ram-thang-gieng', 1, 15], ['gio-to', 3, 10], ['phat-dan', 4, 15], ['doan-ngo', 5, 5],
  ['vu-lan', 7, 15], ['trung-thu', 8, 15], ['ong-tao', 12, 23]]
for (const [id, month, day] of feasts) {
  const ours = calendar.days.filter(d => d.id === id).map(d => d.date)
  const theirs = [2026, 2027, 2028, 2029, 2030, 2031].map(y => dateOf(monthOf(month === 12 ? y - 1 : y, month) + day - 1))
  ok(ours.join() === theirs.join(), `${id}: ${ours.join(' ')}`)
  if (ours.join() !== theirs.join()) console.log(`# astronomy: ${theirs.join(' ')}`)
}
// The five days off begin on the day before.
for (const d of calendar.days.filter(x => x.name === 'Tết Nguyên đán' && x.kind === 'holiday')) {
  const first = monthOf(Number(d.from.slice(0, 4)), 1)
  ok(d.from === dateOf(first - 1) && d.to === dateOf(first + 3), `days off of Tết ${d.from} to ${d.to}`)
}
console.log(`1..${count}`)
process.exit(failed > 0 ? 1 : 0)
