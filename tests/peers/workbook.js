#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// A workbook as a reader that is not ours shows it: a line of JSON for each row of its first sheet.
//   tests/peers/workbook.js FILE.xlsx
import { readSheet } from 'read-excel-file/node'

const shown = (cell) => (cell instanceof Date ? { date: cell.toISOString().slice(0, 10) } : cell)
for (const row of await readSheet(process.argv[2], { trim: false }))
	console.log(JSON.stringify(row.map(shown)))
