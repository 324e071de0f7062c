#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Random texts through `loa text`, beside programs that we did not write:
//   units, encoding, parts   sms-segments-calculator (Twilio) and split-sms
//   NFC                      String.prototype.normalize
//   unaccented form          normalize('NFD') without \p{Mn} (but the vowel signs of other scripts), a
//                            table for what does not decompose
//   which characters force Unicode   the alphabet of sms-segments-calculator
// What is left out, and why:
//   an empty text: both packages say one part; nothing is sent of it, so Loa says none
//   parts by sms-segments-calculator where a letter is several code points (a base with marks that
//   do not compose, a family of emoji): it never splits such a cluster, the standard does; it may
//   then need more parts, never fewer
// Its grapheme-splitter takes a millisecond a text: Node's Intl.Segmenter finds the clusters instead,
// but for each two-hundredth text.
// Usage: sms.mjs [TEXTS [SEED]]. TAP; the seed is printed.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { SegmentedMessage } = require('sms-segments-calculator');
const alphabet = require('sms-segments-calculator/dist/libs/UnicodeToGSM').default;
const textUtils = require('sms-segments-calculator/dist/libs/textUtils');
const { split } = require('split-sms');

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const loa = join(process.env.B ?? join(top, 'build'), 'loa');
const total = Number(process.argv[2] ?? 100000);
const seed = Number(process.argv[3] ?? process.env.SEED ?? 20261010);
const BATCH = 5000;
const LISTED = 200; // as many characters loa lists

// ---- random texts ----

let state = seed >>> 0;
function random(n) { // mulberry32
	state = (state + 0x6d2b79f5) >>> 0;
	let t = state;
	t = Math.imul(t ^ (t >>> 15), t | 1);
	t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
	return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];

const letters = [...'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ'];
const vietnamese = [...letters, ...letters.map((c) => c.toUpperCase())];
const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((c) => c !== '`');
const words = 'Kinh moi ong ba den bo phan mot cua lam thu tuc truc tuyen mien phi 18001096'.split(' ');
const extension = [...'^{}\\[~]|€\f'];
const others = [...'@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¡ÄÖÑÜ§¿äöñüà', '\n', '\r\n'];
const signs = [...'“”‘’„«»–—−…•₫', '\u00a0', '\u200b', '\u202f'];
const emoji = [...'😀🎉👍🏽☎✔', '👨‍👩‍👧', '❤️', '🇻🇳'];
const hangul = [...'한글각', '한', '가', 'ᄀ', 'ᆨ'];
const marks = ['\u0300', '\u0301', '\u0302', '\u0303', '\u0306', '\u0309', '\u031b', '\u0323'];
const far = [...'中文ខ្មែរꨌꩌдΩå\u212b\u2126'];

function shuffle(list) {
	for (let i = list.length - 1; i > 0; i--) {
		const k = random(i + 1);
		[list[i], list[k]] = [list[k], list[i]];
	}
	return list;
}

// One letter in NFC, NFD, or with its marks in any order and partly composed.
function letter() {
	const c = pick(vietnamese);
	const [base, ...rest] = c.normalize('NFD');

	switch (random(4)) {
	case 0: return c.normalize('NFD');
	case 1: return base + shuffle(rest).join('');
	case 2: return rest.length > 1 ? (base + rest[1]).normalize('NFC') + rest[0] : c;
	default: return c;
	}
}

// Kinds of texts; each piece is one of these.
const kinds = [
	[() => pick(ascii)],
	[() => pick(ascii), () => pick(extension)],
	[() => pick(ascii), () => pick(ascii), () => pick(others), () => pick(extension)],
	[() => pick(words) + ' ', letter],
	[letter],
	[letter, () => pick(ascii), () => pick(signs)],
	[letter, () => pick(emoji)],
	[() => pick(ascii), () => pick(ascii), () => pick(emoji)],
	[() => pick(hangul), () => pick(ascii), letter],
	[() => pick(marks), letter, () => pick(ascii)],
	[() => pick(far), () => pick(words) + ' ', () => pick(marks), letter],
];
const borders = [70, 134, 201, 268, 160, 306, 459];

function text() {
	const kind = pick(kinds);
	const want = random(16) === 0 ? pick(borders) + random(7) - 3 : random(random(40) === 0 ? 400 : 72);
	let s = '';

	// long runs of one character put pairs on the borders of parts
	if (random(4) === 0) s = pick([...ascii, 'ă', 'ế']).repeat(random(Math.max(want, 1)));
	while (s.length < want) s += pick(kind)();
	return s;
}

// ---- what others say ----

const table = {
	đ: 'd', Đ: 'D', '“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '‘': "'", '’': "'", '–': '-', '—': '-',
	'−': '-', '…': '...', '•': '-', '₫': 'd', '\u00a0': ' ', '\u202f': ' ', '\u200b': '', '\u200d': '',
};
const has = (c) => c.length === 1 && alphabet[c.charCodeAt(0)] !== undefined;

// null = it cannot be kept
function unaccented_one(c) {
	const d = [...c.normalize('NFD').replace(/(?=\p{Mn})\p{Script=Inherited}/gu, '')][0] ?? '';
	const plain = table[d] ?? d;

	return [...plain].every(has) ? plain : null;
}

const known = new Map();
function unaccented(nfc) {
	const lost = [];
	let text = '';
	let at = 0;

	for (const c of nfc) {
		if (!known.has(c)) known.set(c, unaccented_one(c));
		const plain = known.get(c);

		if (plain === null) lost.push({ char: c, at });
		else text += plain;
		at++;
	}
	return { text, lost };
}

const its_own = textUtils.splitGraphemes;
const segmenter = new Intl.Segmenter('vi', { granularity: 'grapheme' });
let texts_counted = 0;
textUtils.splitGraphemes = (s) => {
	if (texts_counted++ % 200 === 0) return its_own(s);
	if (/^[\0-\u024f\u1e00-\u1eff]*$/.test(s)) return [...s];
	return Array.from(segmenter.segment(s), (g) => g.segment).flatMap((g) => (g === '\r\n' ? ['\r', '\n'] : [g]));
};

function by_twilio(nfc) {
	const m = new SegmentedMessage(nfc);
	const is_gsm7 = m.encodingName === 'GSM-7';

	return {
		encoding: is_gsm7 ? 'gsm7' : 'ucs2',
		units: m.messageSize / (is_gsm7 ? 7 : 16),
		parts: m.segmentsCount,
		isExact: m.graphemes.every((g) => [...g].length === 1),
	};
}

function by_split(nfc) {
	const m = split(nfc, { summary: true });
	const is_gsm7 = m.characterSet === 'GSM';

	return { encoding: is_gsm7 ? 'gsm7' : 'ucs2', units: is_gsm7 ? m.bytes : m.bytes / 2, parts: m.parts.length };
}

// ---- comparing ----

const checks = {
	nfc: 'NFC is that of String.prototype.normalize',
	twilio: 'encoding, units and parts are those of sms-segments-calculator',
	split: 'encoding, units and parts are those of split-sms',
	because: 'the characters that force Unicode are those beyond its alphabet, each in its place',
	plain: 'the unaccented form is NFD without marks, and what is lost is in its place',
	save: 'accents go exactly where sms-segments-calculator counts fewer parts and nothing is lost',
};
const compared = {};
const wrong = {};

function check(name, input, got, wanted) {
	compared[name] = (compared[name] ?? 0) + 1;
	if (got === wanted) return;
	wrong[name] = (wrong[name] ?? 0) + 1;
	if (wrong[name] <= 3)
		console.log(`# ${name}: ${JSON.stringify(input)}\n#   got    ${got}\n#   wanted ${wanted}`);
}

const places = (list) => list.slice(0, LISTED).map((p) => `${p.char}@${p.at}`).join(' ');
const count = (c) => `${c.encoding} ${c.units} ${c.parts}`;

function check_count(input, got, nfc) {
	const a = by_twilio(nfc);
	const b = by_split(nfc);

	if (nfc === '') {
		check('twilio', input, count(got), 'gsm7 0 0');
		return a;
	}
	check('split', input, count(got), count(b));
	check('twilio', input, count(got), count(a.isExact || a.parts < got.parts ? a : { ...a, parts: got.parts }));
	return a;
}

function check_one(input, kept, plain, save) {
	const nfc = input.normalize('NFC');
	const wanted = unaccented(nfc);
	let at = 0;
	const because = [...nfc].map((char) => ({ char, at: at++ })).filter((p) => !has(p.char));

	check('nfc', input, kept.text, nfc);
	const a = check_count(input, kept, nfc);
	check('because', input, places(kept.unicode_because), places(because));
	check('plain', input, `${plain.text} ${places(plain.lost)}`, `${wanted.text} ${places(wanted.lost)}`);
	if (wanted.text !== '') check('split', input, count(plain), count(by_split(wanted.text)));
	if (!a.isExact) return;
	const is_cheaper = a.parts > 1 && wanted.lost.length === 0 && wanted.text !== '' && by_twilio(wanted.text).parts < a.parts;
	check('save', input, save.text, is_cheaper ? wanted.text : nfc);
}

function run(options, input) {
	return new Promise((done, fail) => {
		const child = spawn(loa, ['text', '--json', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
		const out = [];

		child.stdout.on('data', (d) => out.push(d));
		child.on('error', fail);
		child.on('close', () => done(Buffer.concat(out).toString().split('\n').slice(0, -1).map((l) => JSON.parse(l))));
		child.stdin.end(input);
	});
}

console.log(`# seed ${seed}, ${total} texts`);
for (let done = 0; done < total; done += BATCH) {
	const texts = Array.from({ length: Math.min(BATCH, total - done) }, text);
	const input = texts.map((t) => JSON.stringify(t) + '\n').join('');
	const [kept, plain, save] = await Promise.all([
		run([], input), run(['--plain'], input), run(['--accents', 'save'], input),
	]);

	texts.forEach((t, i) => check_one(t, kept[i], plain[i], save[i]));
}
let number = 0;
for (const [name, sentence] of Object.entries(checks)) {
	const is_bad = wrong[name] > 0 || !(compared[name] > 0);

	console.log(`${is_bad ? 'not ok' : 'ok'} ${++number} - ${sentence} (${compared[name] ?? 0} texts)`);
	if (wrong[name]) console.log(`# ${wrong[name]} differ; again: tests/peers/sms.mjs ${total} ${seed}`);
}
console.log(`1..${number}`);
process.exitCode = Object.values(wrong).some((n) => n > 0) ? 1 : 0;
