#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// A workbook as a reader that is not ours shows it: a line of JSON for each row of its first sheet.
//   tests/peers/workbook.js FILE.xlsx
import { readSheet } from 'read-excel-file/node'

// It leaves the escapes of ST_Xstring (ISO/IEC 29500-1, 22.9.2.19) as they stand in the file.
const unescaped = (text) =>
	text.replace(/_x([0-9A-F]{4})_/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
const shown = (cell) =>
	cell instanceof Date ? { date: cell.toISOString().slice(0, 10) }
	: typeof cell === 'string' ? unescaped(cell)
	: cell
for (const row of await readSheet(process.argv[2], { trim: false }))
	console.log(JSON.stringify(row.map(shown)))
