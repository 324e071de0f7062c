#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The order of Vietnamese words and people's names against ICU's collation "vi".
import { execFileSync } from 'node:child_process';

const program = `${process.env.B ?? 'build'}/tests/unit/segments/collate`;
console.log('TAP version 13');
if (!Intl.Collator.supportedLocalesOf('vi').includes('vi')) {
	console.log('not ok 1 - this Node has the collation of Vietnamese\n1..1');
	console.log('# install a Node with full ICU (Debian: nodejs)');
	process.exit(1);
}

let seed = 20261010n;
const below = (n) => {
	seed = (seed * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
	return Number(seed >> 33n) % n;
};
const pick = (list) => list[below(list.length)];
const upper = (s) => (below(5) === 0 ? s.toUpperCase() : s);

const vowels = [...'aăâeêioôơuưy'];
const tones = ['', '\u0300', '\u0309', '\u0303', '\u0301', '\u0323'];
const starts = ['', 'b', 'c', 'ch', 'd', 'đ', 'g', 'gi', 'h', 'k', 'kh', 'l', 'm', 'n', 'ng', 'nh', 'ph', 'qu', 's', 't', 'th', 'tr', 'v', 'x'];
const ends = ['', '', 'n', 'ng', 'nh', 'c', 't', 'm', 'p', 'i', 'u', 'a'];
const syllable = () => {
	const s = pick(starts) + (pick(vowels) + pick(tones)).normalize('NFC') + pick(ends);
	return below(3) === 0 ? s[0].toUpperCase() + s.slice(1) : upper(s);
};
const signs = [' ', ' ', ' ', ' - ', '-', ', ', '.', "'", '/', ' (', ') ', '1', '2', ' 10', '&', '+', '_', ' – '];
// Few different ones, so that later letters, tones and cases have to decide.
const few = ['a', 'A', 'à', 'á', 'ạ', 'ă', 'â', 'Ấ', 'o', 'ô', 'ơ', 'Ợ', 'd', 'đ', 'Đ', 'D', 'e', 'ê', 'u', 'ư', ' ', '-', '1', 'z', 'f', 'j', 'w'];
const word = () => {
	if (below(3) === 0) return Array.from({ length: 1 + below(4) }, () => pick(few)).join('');
	let s = syllable();
	for (let n = below(4); n > 0; n--) s += pick(signs) + syllable();
	return s;
};
const families = ['Nguyễn', 'Trần', 'Lê', 'Lệ', 'Phạm', 'Phan', 'Đỗ', 'Đô', 'Hồ', 'Hồng', 'Vũ', 'Võ', 'nguyễn', "H'Hen"];
const middles = ['', 'Văn', 'Vân', 'Thị', 'Thi', 'Đức', 'Thị Ngọc', 'Thị Ngọc Ánh', 'văn'];
const givens = ['An', 'Ân', 'Ấn', 'Ánh', 'Anh', 'ANH', 'Bình', 'Bính', 'Bỉnh', 'Đạt', 'Dạt', 'Hòa', 'Hoà', 'Hoa', 'Tú', 'Tư', 'Tứ', 'Niê'];
const person = () => below(20) === 0 ? pick(givens) : [pick(families), pick(middles), pick(givens)].filter((s) => s !== '').join(' ');

const all = new Intl.Collator('vi');
const accents = new Intl.Collator('vi', { sensitivity: 'accent' });
const split = (name) => {
	const words = name.split(' ');
	return words.length === 1 ? [words[0], '', ''] : [words.at(-1), words[0], words.slice(1, -1).join(' ')];
};
const people = (a, b) => {
	const x = split(a), y = split(b);
	for (const collator of [accents, all])
		for (let i = 0; i < 3; i++) {
			const c = collator.compare(x[i], y[i]);
			if (c !== 0) return c;
		}
	return 0;
};

let tests = 0, failed = 0;
const check = (mode, make, compare, count, sentence) => {
	const pairs = Array.from({ length: count }, () => [make(), make()]);
	const ours = execFileSync(program, [mode], { input: pairs.map((p) => p.join('\t') + '\n').join(''), maxBuffer: 1 << 26 })
		.toString().trimEnd().split('\n').map(Number);
	const wrong = pairs.filter(([a, b], i) => Math.sign(compare(a, b)) !== ours[i]);
	tests++;
	failed += wrong.length > 0;
	console.log(`${wrong.length > 0 ? 'not ok' : 'ok'} ${tests} - ${sentence} (${count} pairs)`);
	for (const [a, b] of wrong.slice(0, 10)) console.log(`# ${JSON.stringify(a)} ${JSON.stringify(b)}: theirs ${compare(a, b)}`);
	if (ours.length !== count) { failed++; console.log(`# ${ours.length} answers`); }
};
check('words', word, all.compare, 60000, 'words have the order of ICU');
check('people', person, people, 40000, 'people have the order of ICU by given, family and middle name');
// Each pair of what stands on a keyboard, and of the alphabet.
const characters = [];
for (let c = 0x20; c < 0x7f; c++) characters.push(String.fromCharCode(c));
for (const v of vowels) for (const t of tones) for (const s of [v, v.toUpperCase()]) characters.push((s + t).normalize('NFC'));
characters.push('đ', 'Đ');
let at = 0;
check('words', () => { const i = at++; return characters[(i & 1 ? Math.floor(i / 2 / characters.length) : (i >> 1)) % characters.length]; },
	all.compare, characters.length ** 2, 'each two characters have the order of ICU');
console.log(`1..${tests}`);
process.exit(failed > 0 ? 1 : 0);
