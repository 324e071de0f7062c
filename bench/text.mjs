#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The same by liquidjs: render and normalise. node bench/text.mjs TEMPLATE RECIPIENTS SECONDS
// Prints: texts a second, bytes of a text.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../tests/peers/package.json', import.meta.url))
const { Liquid } = require('liquidjs')
const [template, recipients, seconds] = process.argv.slice(2)
const engine = new Liquid()
const parsed = engine.parse(readFileSync(template, 'utf8').replace(/\n$/, ''))
const rows = readFileSync(recipients, 'utf8').trimEnd().split('\n').map((line) => {
	const [ten, tinh, so, ngay] = line.split('\t')
	return { ten, tinh, so, ngay }
})
const spent = () => process.cpuUsage().user / 1e6
let done = 0, bytes = 0
const run = (until) => {
	const start = spent()
	done = bytes = 0
	do {
		for (const r of rows) bytes += engine.renderSync(parsed, r).normalize('NFC').length
		done += rows.length
	} while (spent() - start < until)
	return done / (spent() - start)
}
run(Math.min(1, seconds)) // the compiler warms up
console.log(`${run(seconds).toFixed(0)} ${(bytes / done).toFixed(1)}`)
