#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Random phone cells through `loa phone` and through google-libphonenumber (region VN), which
// reads a cell as one number. Both answer with a mobile number, or with what it is instead.
// tests/cases/phone/differences.json lists where the two differ and why; any other difference fails.
// An entry has
//   cell    a regular expression for the cell, as it is or in NFKC without invisible characters
//   digits  one for its digits alone (with the + before them); both must match where both are given
//   ours    the kinds of answer of Loa: mobile, mobiles, or the reason why it is none
//   theirs  mobile, other-mobile (not the one that we say), fixed-line, service-number, foreign,
//           invalid, error (it finds no number in it)
//   example a cell that is so: it is tried each time, and must be an example of this entry
//   why     who is right
// The first entry that fits counts.
// Usage: phones.mjs [CELLS [SEED]]. TAP; the seed is printed. (It is always the same one unless told
// otherwise: the random soup among the cells finds a new kind of difference once in a million.)
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const { PhoneNumberUtil, PhoneNumberType: type } = require('google-libphonenumber')
const library = PhoneNumberUtil.getInstance()
const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const loa = join(process.env.B ?? join(top, 'build'), 'loa')
const total = Number(process.argv[2] ?? process.env.COUNT ?? 120000)
const seed = Number(process.argv[3] ?? process.env.SEED ?? 20261128)

// ---- random cells ----

let state = seed >>> 0
function random(n) { // mulberry32
	state = (state + 0x6d2b79f5) >>> 0
	let t = state
	t = Math.imul(t ^ (t >>> 15), t | 1)
	t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
	return ((t ^ (t >>> 14)) >>> 0) % n
}
const pick = (list) => list[random(list.length)]
const chance = (percent) => random(100) < percent
const digits = (n) => Array.from({ length: n }, () => random(10)).join('')

// Prefixes in use (numbers behind the 0), and what stood before 2018.
const used = ['32', '33', '34', '35', '36', '37', '38', '39', '52', '55', '56', '58', '59', '70', '76', '77', '78', '79',
	'81', '82', '83', '84', '85', '86', '87', '88', '89', '90', '91', '92', '93', '94', '96', '97', '98', '99']
const old = ['162', '163', '164', '165', '166', '167', '168', '169', '120', '121', '122', '126', '128', '123', '124', '125',
	'127', '129', '186', '188', '199']
const areas = ['24', '28', '296', '254', '227', '225', '236', '292', '251', '203', '210', '299', '220', '277']
const countries = ['+1202555', '+85512', '+85620', '+86138', '+8210', '+61412', '+33612', '+4479', '+6591', '+886912', '+1800555', '+7916']

const mobile = () => pick(used) + digits(7) // 9 digits, no 0 before
const any = () => digits(9)
const written = (national) => pick([
	`0${national}`, `0${national}`, `+84${national}`, `84${national}`, `0084${national}`, national,
	`+84 (0)${national}`, `84 0${national}`, `+840${national}`, `+0${national}`, `(+84)${national}`, `084${national}`, `(0)${national}`,
])
const blanks = [' ', '.', '-', '\u00a0', '–', '‑', '\u202f', '  ', '. ', ' - ', '・', '·', '−', '_', '/', '(', ')', ',', '—', '\u2009']
function separated(s) {
	const usual = chance(70) ? [pick([' ', '.', '-', '\u00a0', '–'])] : blanks
	const sizes = pick([[4, 3, 3, 9], [3, 3, 4, 9], [4, 6, 9], [2, 2, 2, 2, 2, 9], [3, 2, 2, 3, 9], [1 + random(6), 1 + random(6), 9]])
	let out = '', at = 0
	for (const n of sizes) {
		if (at >= s.length) break
		out += (at > 0 ? pick(usual) : '') + s.slice(at, at + n)
		at += n
	}
	return out + s.slice(at)
}
const hidden = ['\u200b', '\ufeff', '\u200e', '\u202c', '\u2060', '\u00ad', '\u202d']
const wrap = (s) => pick([
	() => `'${s}`, () => `"${s}"`, () => `="${s}"`, () => ` ${s} `, () => pick(hidden) + s, () => s + pick(hidden),
	() => s.slice(0, 4) + pick(hidden) + s.slice(4), () => `‘${s}’`, () => `\t${s}`, () => `[${s}]`, () => `(${s})`, () => `${s}.`, () => `: ${s}`,
])()
const scripts = (s) => {
	const zero = pick([0xff10, 0x660, 0x6f0])
	return s.replace(/\d/g, (d) => String.fromCodePoint(zero + Number(d)))
}
const labels = ['ĐT: ', 'SĐT:', 'Tel ', 'Tel: ', 'DĐ ', 'điện thoại ', 'Mobile: ', '☎ ', 'Zalo ', 'số ', 'Mẹ: ', 'SĐT 1: ', 'tel:']
const foreign_word = ['Nam ', 'CMND ', 'x', 'abc', 'ext 12', ' máy lẻ 101', ' (nhà riêng)', 'O', ' không dùng', '→', ' #12', "';--", ' OR 1=1', '<b>', ' DROP TABLE']
const service = () => pick([`1800${digits(pick([4, 6]))}`, `1900${digits(pick([4, 6]))}`, `069${digits(pick([5, 6]))}`, `080${digits(5)}`,
	`0672${digits(6)}`, pick(['113', '114', '115', '111', '112', '1022', '18001096', '199', '8001', '198']), `1800 ${digits(4)}`, `0${pick(['1', '4', '6', '7'])}${digits(8)}`])
const mutate = (s) => {
	const at = random(s.length + 1)
	return pick([() => s.slice(0, at) + s.slice(at + 1), () => s.slice(0, at) + digits(1) + s.slice(at), () => s.slice(0, at) + digits(1) + s.slice(at + 1),
		() => s.slice(0, at) + pick([...'+*#x?~%@!e,;|']) + s.slice(at), () => s.slice(0, at)])()
}
const soup = [...'0123456789', ...'0123456789', ...'00998844', ' ', '.', '-', '+', '(', ')', '/', ',', ';', 'x', 'e', 'đ', '*', '#', '&', '|', '~']
const excel = (s) => pick([() => `${s}.0`, () => `${s}.00`, () => `${s},0`, () => `${s[0]}.${s.slice(1)}E${s.length - 1}`,
	() => `${s[0]}.${s.slice(1)}E+${s.length - 1}`, () => `${s[0]},${s.slice(1)}E+${s.length - 1}`, () => `${s[0]}.${s.slice(1, 6)}E+${s.length - 1}`])()
const joins = ['/', ' / ', ', ', ';', ' - ', ' ', ' và ', ' hoặc ', '|', '&', '-', '+', ' or ']

const kinds = [
	[30, () => written(mobile())],
	[12, () => written(any())],
	[30, () => separated(written(mobile()))],
	[6, () => separated(written(any()))],
	[14, () => pick(['0', '+84', '84', '0084', '', '+84 (0)', '84 0']) + pick(old) + digits(7)],
	[6, () => separated(`0${pick(old)}${digits(7)}`)],
	[6, () => written(`1${digits(9)}`)],
	[12, () => pick(['0', '+84', '84', '0084', '']) + pick(areas).padEnd(3, digits(1)) + digits(7)],
	[6, () => separated(`0${pick(areas).padEnd(3, digits(1))}${digits(7)}`)],
	[6, () => written(`2${digits(9)}`)],
	[10, service],
	[4, () => separated(service())],
	[6, () => pick(countries) + digits(3 + random(6))],
	[3, () => `00${pick(countries).slice(1)}${digits(6)}`],
	[3, () => `+${1 + random(9)}${digits(random(14))}`],
	[10, () => wrap(written(mobile()))],
	[5, () => scripts(pick([separated, (s) => s])(written(mobile())))],
	[8, () => pick(labels) + separated(written(mobile()))],
	[6, () => (chance(50) ? pick(foreign_word) + written(mobile()) : written(mobile()) + pick(foreign_word))],
	[8, () => written(mobile()) + pick(joins) + (chance(70) ? written(mobile()) : `0${pick(areas).padEnd(3, '1')}${digits(7)}`)],
	[6, () => excel(pick([() => mobile(), () => `84${mobile()}`, () => `0${mobile()}`])())],
	[10, () => mutate(pick([written, (s) => separated(written(s))])(mobile()))],
	[6, () => digits(1 + random(16))],
	[8, () => Array.from({ length: 1 + random(18) }, () => pick(soup)).join('')],
]
const weight = kinds.reduce((n, k) => n + k[0], 0)
function cell() {
	let n = random(weight)
	for (const [w, make] of kinds) if ((n -= w) < 0) return make()
}

// ---- what each says ----

const same_kind = { 'fixed-line': 'fixed-line', 'service-number': 'service-number', foreign: 'foreign', mobile: 'mobile' }
const service_types = [type.TOLL_FREE, type.PREMIUM_RATE, type.SHARED_COST, type.VOIP, type.UAN, type.PAGER, type.VOICEMAIL]

function theirs_of(s) {
	let number
	try {
		number = library.parse(s, 'VN')
	} catch {
		return { kind: 'error' }
	}
	if (number.getCountryCode() !== 84) return { kind: 'foreign' }
	if (!library.isValidNumberForRegion(number, 'VN')) return { kind: 'invalid' }
	const t = library.getNumberType(number)
	if (t === type.MOBILE) return { kind: 'mobile', phone: `84${number.getNationalNumber()}` }
	if (t === type.FIXED_LINE) return { kind: 'fixed-line' }
	return { kind: service_types.includes(t) ? 'service-number' : `type-${t}` }
}
function ours_of(answer) {
	const n = answer.phones.length
	return n === 0 ? { kind: answer.reason } : { kind: n === 1 ? 'mobile' : 'mobiles', phone: answer.phones[0], repairs: answer.repairs }
}
function is_same(a, b) {
	if (a.kind === 'mobile' || a.kind === 'mobiles' || b.kind === 'mobile') return a.kind === b.kind && a.phone === b.phone
	return (same_kind[a.kind] ?? 'none') === (same_kind[b.kind] ?? 'none')
}

// ---- the list of differences ----

const list = JSON.parse(readFileSync(join(top, 'tests/cases/phone/differences.json'), 'utf8')).differences
	.map((d) => ({ ...d, cell_is: new RegExp(d.cell ?? '', 'u'), digits_are: new RegExp(d.digits ?? ''), met: 0 }))
const invisible = /[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\ufe0f]/g
const plain = (s) => s.replace(invisible, '').normalize('NFKC').replace(/[٠-٩]/g, (d) => d.codePointAt(0) - 0x660).replace(/[۰-۹]/g, (d) => d.codePointAt(0) - 0x6f0).trim()
const bare = (s) => (/^[^\d]*\+/.test(s) ? '+' : '') + s.replace(/\D/g, '')

let same = 0
const unlisted = new Map()
console.log(`TAP version 13\n# seed ${seed}, ${total} cells`)
const cells = [...list.map((d) => d.example), ...Array.from({ length: total }, cell)]
const answers = execFileSync(loa, ['phone'], { input: cells.map((s) => s + '\n').join(''), maxBuffer: 1 << 28 })
	.toString().split('\n').slice(0, -1).map((l) => JSON.parse(l))
answers.forEach((answer, i) => {
	const s = cells[i], a = ours_of(answer), b = theirs_of(s)
	if (a.kind === 'mobile' && b.kind === 'mobile' && a.phone !== b.phone) b.kind = 'other-mobile'
	if (is_same(a, b)) { same++; return }
	const p = plain(s), n = bare(p)
	const d = list.find((x) => x.ours.includes(a.kind) && x.theirs.includes(b.kind) && (x.cell_is.test(p) || x.cell_is.test(s)) && x.digits_are.test(n))
	if (i < list.length && d === list[i]) d.is_shown = true
	if (d !== undefined) { d.met++; return }
	const key = `ours ${a.kind}, theirs ${b.kind}`
	if (!unlisted.has(key)) unlisted.set(key, [])
	unlisted.get(key).push(`${JSON.stringify(s)} (${a.phone ?? ''} ${b.phone ?? ''})`)
})

let number = 0, failed = 0
function ok(is_good, sentence, notes = []) {
	if (!is_good) failed++
	console.log(`${is_good ? 'ok' : 'not ok'} ${++number} - ${sentence}`)
	for (const n of notes.slice(0, 100)) console.log(`# ${n}`)
}
const again = `again: tests/peers/phones.mjs ${total} ${seed}`
ok(answers.length === cells.length, 'each cell has an answer')
ok(unlisted.size === 0, 'each difference is listed and justified',
	[...unlisted].flatMap(([key, cases]) => [`${key}: ${cases.length}`, ...cases.slice(0, 8).map((c) => `    ${c}`)]).concat(unlisted.size > 0 ? [again] : []))
const idle = list.filter((d) => !d.is_shown)
ok(idle.length === 0, 'each listed difference has an example that is one', idle.map((d) => `${d.example}: ${d.why}`))
ok(list.every((d) => d.why?.length > 20), 'each has its why')
console.log(`# ${same} alike; listed differences: ${list.map((d) => d.met).join(' ')}`)
console.log(`1..${number}`)
process.exitCode = failed > 0 ? 1 : 0
