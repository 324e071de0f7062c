#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Renders random templates for random recipients with `loa template render` and with liquidjs.
//   B=build [SEED=n] [COUNT=n] tests/peers/liquid.mjs
// The strict rule is told to liquidjs by marks around each output tag: where nothing but blanks
// stands between them, Loa must say that a field is missing. What differs by design
// (docs/FORMATS.md, Template) is not generated: null in place of an absent member, division by 0,
// '' as a separator next to emoji, d/m/yyyy, times of days without one, names of zones.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Liquid } from 'liquidjs'

process.env.TZ = 'Asia/Ho_Chi_Minh'
const loa = join(process.env.B ?? 'build', 'loa')
const seed = Number(process.env.SEED ?? 20261010)
const wanted = Number(process.env.COUNT ?? 100000)
const recipients = 250 // of each template
const children = 3 // at once
const open = '\u0001', close = '\u0002'
const engine = new Liquid()

// mulberry32
let state = seed >>> 0
function random(n) {
	state = (state + 0x6d2b79f5) | 0
	let t = Math.imul(state ^ (state >>> 15), 1 | state)
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
	return ((t ^ (t >>> 14)) >>> 0) % n
}
const one = (list) => list[random(list.length)]
const chance = (percent) => random(100) < percent

// ---- recipients ----

const texts = ['Nguyễn Văn Ánh', 'đặng thị ÊM', 'ABC', 'abc', 'a', 'a,b,,c,', ',', ', ', 'một hai  ba bốn', ' hai  ',
	'xin\nchào', '12', '7', ' 7 ', '1.5', '-3', '0', '0x1F', '12abc', '1,5', '.5', '5.', '1.005', 'true', 'nam', 'nữ',
	'', ' ', '\u00a0', 'b', 'ab', 'Straße', 'vui 😀 nhé', 'a b c', '99', '100', '9', 'x'.repeat(70), 'một,hai,ba']
const numbers = [0, 1, -1, 2, 5, 7, 12, 100, 1000000, 123456789, 1.5, -2.5, 0.1, 2.675, 1.005, 1234.567, 1e15, 3e-7, 0.30000000000000004]
const moments = ['2026-10-10T08:00', '2026-10-10T08:00:05Z', '2024-02-29T23:59:59+09:00', '2026-01-01 00:00',
	'2027-01-03T12:30:45.123', '1999-12-31T17:00:00Z', '2026-11-22 05:07:09', 'không rõ', '']
const days = ['2026-10-10', '2024-02-29', '2026-01-01', '2027-01-03', '2000-12-31', 'chưa có', '']
const fields = {
	ten: () => one(texts),
	họ_tên: () => one(texts),
	so: () => one(numbers),
	tuoi: () => (chance(50) ? one(numbers) : String(one(numbers))),
	co: () => chance(50),
	gi: () => one([() => one(texts), () => one(numbers), () => chance(50)])(),
	luc: () => one(moments),
	ngay: () => one(days),
}
const names = Object.keys(fields)

function recipient() {
	const r = {}
	for (const name of names) if (chance(85)) r[name] = fields[name]()
	return r
}

// ---- templates ----

const variables = ['v', 'w', 'ket_qua', 'ten']
const literals = ['"a"', "'b'", '","', '" "', '"Nguyễn"', '"nam"', '"12"', '""', '5', '0', '-2', '1.5', '12', '100', 'true', 'false', '"một"']
const atom = () => (chance(60) ? one(names) : chance(50) ? one(variables) : one(literals))
const string = () => one(['"a"', '"b"', '","', '" "', '"."', '"một"', '"n"', '"12"', 'ten', 'v', 'so'])
const count = () => one(['0', '1', '2', '3', '5', '8', '-1', '2.5', '"4"', 'so'])
const divisor = () => one(['2', '3', '7', '0.5', '-4', '"10"', '1.1'])
const day_formats = ['%d/%m/%Y', '%-d/%-m', '%j %U %W %u %w', '%A %^a %B %b', 'ngày %e', '%y %C %q %%', '%x', '%Y%m%d', '%_m %05d %10Y']
const formats = [...day_formats, '%H:%M', '%I %l %p %P %k', '%H giờ %M phút %S', '%s', '%z %:z', '%c', '%X', '%L %N %3N', '%#p%-H']

const filters = [
	() => `default: ${atom()}`, () => 'upcase', () => 'downcase', () => 'capitalize', () => 'strip', () => 'lstrip', () => 'rstrip',
	() => `strip: ${one(['"a"', '"ab "', '"."', '""'])}`, () => `truncate: ${count()}`, () => `truncate: ${count()}, ${one(['""', '"…"', '", v.v"'])}`,
	() => 'truncate', () => `truncatewords: ${count()}`, () => `truncatewords: ${count()}, "--"`, () => 'truncatewords',
	() => `replace: ${string()}, ${string()}`, () => `replace_first: ${string()}, ${string()}`, () => `remove: ${string()}`,
	() => `append: ${atom()}`, () => `prepend: ${atom()}`, () => 'first', () => 'last', () => 'join', () => 'join: "-"', () => `join: ${string()}`,
	() => 'size', () => `split: ${one(['","', '" "', '"a"', '", "', '"một"'])}`, () => `split: "," | ${one(['first', 'last', 'size', 'join: "; "', 'join'])}`,
	() => `plus: ${atom()}`, () => `minus: ${atom()}`, () => `times: ${atom()}`, () => `divided_by: ${divisor()}`,
	() => `divided_by: ${divisor()}, true`, () => `modulo: ${divisor()}`, () => 'round', () => `round: ${one(['0', '1', '2', '3', '-1', '-2'])}`,
	() => 'ceil', () => 'floor', () => 'abs',
]

function chain(most) {
	let s = ''
	for (let n = random(most + 1); n > 0; n--) s += ` | ${one(filters)()}`
	return s
}

const operators = ['==', '!=', '<', '<=', '>', '>=', 'contains']

function comparison() {
	if (chance(15)) return atom()
	if (chance(15)) return `${atom()} ${one(['==', '!='])} ${one(['empty', 'blank', 'nil'])}`
	if (chance(10)) return `${atom()} ${one(operators)} ${atom()} ${one(operators)} ${atom()}`
	return `${atom()} ${one(operators)} ${atom()}`
}

function condition() {
	let s = comparison()
	for (let n = random(6) - 2; n > 0; n--) s += ` ${one(['and', 'or'])} ${comparison()}`
	return s
}

function value() {
	if (chance(10)) return `luc | date: "${one(formats)}"${chain(1)}`
	if (chance(10)) return `ngay | date: "${one(day_formats)}"${chain(1)}`
	if (chance(8)) return condition()
	return (chance(70) ? one(names) : atom()) + chain(3)
}

const blank = () => one(['', '', ' ', '  ', '\n'])
const text = () => blank() + one(['Kính gửi', 'mời', 'x', 'đến', '.', '{ } %', 'Ấ']) + blank()
const dash = () => (chance(15) ? '-' : '')
const tag = (inside) => `{%${dash()} ${inside} ${dash()}%}`

// Two texts at once: ours, and liquidjs's with the marks.
const same = (s) => [s, s]
const glue = (parts) => [parts.map((p) => p[0]).join(''), parts.map((p) => p[1]).join('')]

function output(depth, isCaptured) {
	const left = dash(), right = dash(), v = value()
	const ours = `{{${left} ${v} ${right}}}`
	return [ours, isCaptured ? ours : `{{${left} "${open}" }}{{ ${v} }}{{ "${close}" ${right}}}`]
}

function branches(depth, isCaptured) {
	const name = one(['if', 'unless'])
	const parts = [same(tag(`${name} ${condition()}`)), body(depth - 1, isCaptured)]
	while (chance(30)) parts.push(same(tag(`elsif ${condition()}`)), body(depth - 1, isCaptured))
	if (chance(50)) parts.push(same(tag('else')), body(depth - 1, isCaptured))
	parts.push(same(tag(`end${name}`)))
	return glue(parts)
}

function cases(depth, isCaptured) {
	const parts = [same(tag(`case ${atom()}${chain(1)}`))]
	const whens = () => {
		let s = one([atom, () => one(literals), () => one(['empty', 'blank', 'nil'])])()
		while (chance(40)) s += `${one([',', ' or'])} ${one([atom, () => one(literals)])()}`
		return s
	}
	do parts.push(same(tag(`when ${whens()}`)), body(depth - 1, isCaptured))
	while (chance(50))
	if (chance(60)) parts.push(same(tag('else')), body(depth - 1, isCaptured))
	parts.push(same(tag('endcase')))
	return glue(parts)
}

function capture(depth) {
	return glue([same(tag(`capture ${one(variables)}`)), body(depth - 1, true), same(tag('endcapture'))])
}

function piece(depth, isCaptured) {
	const kinds = [() => same(text()), () => same(text()), output, output, output, () => same(tag(`assign ${one(variables)} = ${value()}`)),
		() => same(one(['{% comment %} {{ x }} {% endcomment %}', '{% # lời nhắn %}', '{% raw %}{{ ten }}{% endraw %}']))]
	if (depth > 0) kinds.push(branches, branches, cases, capture)
	return one(kinds)(depth, isCaptured)
}

function body(depth, isCaptured) {
	const parts = []
	for (let n = random(3) + 1; n > 0; n--) parts.push(piece(depth, isCaptured))
	return glue(parts)
}

const template = () => glue([body(2, false), body(3, false), body(2, false)])

// ---- comparing ----

const nothing = /^[\s\u0085\u180e\u200b-\u200f\u2060-\u2064\u00ad\ufeff]*$/
const marked = new RegExp(`${open}([^${open}${close}]*)${close}`, 'g')

// The text; null where a field is missing; undefined where liquidjs has cut an emoji in two.
function expected(peer, r) {
	const s = engine.renderSync(peer, r)
	if (/\p{Cs}/u.test(s)) return undefined
	for (const [, inside] of s.matchAll(marked)) if (nothing.test(inside)) return null
	return s.replaceAll(open, '').replaceAll(close, '').normalize('NFC')
}

const folder = mkdtempSync(join(tmpdir(), 'loa-liquid.'))
let compared = 0, templates = 0, texts_equal = 0, failures = 0

function complain(words, ours, r, got, want) {
	if (++failures <= Number(process.env.SHOW ?? 5)) console.log(`# ${words}\n#   ${JSON.stringify(ours)}\n#   ${JSON.stringify(r)}\n#   loa      ${got}\n#   liquidjs ${want}`)
}

function render(file, input) {
	return new Promise((resolve) => {
		const child = spawn(loa, ['template', 'render', file])
		const said = { stdout: '', stderr: '' }

		for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (s) => (said[name] += s))
		child.stdin.on('error', () => {}).end(input)
		child.on('error', (e) => resolve({ ...said, status: 99, stderr: String(e) }))
		child.on('close', (status) => resolve({ ...said, status: status ?? 99 }))
	})
}

async function try_template(file) {
	const [ours, theirs] = template()
	const rows = Array.from({ length: recipients }, recipient)

	writeFileSync(file, ours + '\n')
	const run = await render(file, rows.map((r) => JSON.stringify(r)).join('\n') + '\n')
	if (run.stderr.includes('never prints anything')) return
	const peer = engine.parse(theirs)
	const lines = run.stdout.split('\n')
	templates++
	if (run.status > 1 || lines.length !== rows.length + 1) {
		complain(`exit ${run.status}`, ours, {}, run.stderr.slice(0, 300), '')
		return
	}
	rows.forEach((r, i) => {
		const want = expected(peer, r)
		const got = JSON.parse(lines[i])

		if (want === undefined) return
		compared++
		if (want === null ? got.error?.code !== 'missing' : got.text !== want) complain('not the same', ours, r, lines[i], JSON.stringify(want))
		else if (want !== null) texts_equal++
	})
}

async function worker(i) {
	while (compared < wanted && failures < 50) await try_template(join(folder, `${i}.liquid`))
}

console.log('1..1')
await Promise.all(Array.from({ length: children }, (_, i) => worker(i)))
rmSync(folder, { recursive: true })
console.log(`# SEED=${seed}: ${compared} comparisons of ${templates} templates, ${texts_equal} texts, the others missing`)
console.log(`${failures === 0 ? 'ok' : 'not ok'} 1 - loa_renders_as_liquidjs_does_and_says_what_is_missing`)
process.exit(failures === 0 ? 0 : 1)
