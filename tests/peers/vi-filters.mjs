#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The Vietnamese filters against programs of others, on random values: ICU for numbers, money and days of
// the week, ECMAScript's cases for names, google-libphonenumber for phones. SEED=N repeats a run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import libphonenumber from "google-libphonenumber";

const loa = join(resolve(process.env.B ?? "build"), "loa");
const folder = mkdtempSync(join(tmpdir(), "vi-filters."));
const seed = Number(process.env.SEED ?? 20261010);
const rounds = 20000;
let state = seed >>> 0;
let count = 0;
let failures = 0;

// mulberry32
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

// make() gives [value, wanted]; wanted null = the person is left out.
const compare = (name, template, make) => {
  const rows = Array.from({ length: rounds }, make);
  const file = join(folder, "t.liquid");
  writeFileSync(file, template);
  const run = spawnSync(loa, ["template", "render", file], {
    input: rows.map(([x]) => JSON.stringify({ x })).join("\n") + "\n",
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const lines = (run.stdout ?? "").split("\n");
  const findings = run.error ? [String(run.error)] : [];
  rows.forEach(([x, wanted], i) => {
    const got = lines[i] ? JSON.parse(lines[i]).text ?? null : undefined;
    if (got !== wanted) findings.push(`${JSON.stringify(x)}: ${got}, wanted ${wanted}`);
  });
  count++;
  if (findings.length > 0) failures++;
  console.log(`${findings.length > 0 ? "not ok" : "ok"} ${count} - ${name}`);
  for (const finding of findings.slice(0, 10)) console.log(`# ${finding}`);
};

console.log(`# SEED=${seed}`);

const number = () => {
  const digits = 10 ** below(7);
  return (below(2) ? -1 : 1) * (Math.floor(random() * 10 ** below(10) * digits) / digits);
};
// "-0" is no number that a letter has
const intl = (x, decimals) =>
  new Intl.NumberFormat("vi-VN", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .format(x).replace(/^-(0(,0+)?)$/, "$1");
const formats = [0, 2].map((n) => (x) => intl(x, n));
compare("numbers are as ICU writes them", "{{ x | number_vi: 2 }}", () => {
  const x = number();
  return [x, formats[1](x)];
});
compare("money is as ICU writes the number", "{{ x | currency_vi }}", () => {
  const x = number();
  return [x, `${formats[0](x)} đồng`];
});
compare("what is written is read again", "{{ x | number_vi: 2 }}", () => {
  const text = formats[1](1000000 + Math.abs(number()));
  return [text, text];
});

const weekday = new Intl.DateTimeFormat("vi-VN", { weekday: "long", timeZone: "UTC" });
const two = (n) => String(n).padStart(2, "0");
compare("days have the name that ICU gives them", '{{ x | date_vi: "đầy đủ" }}', () => {
  const day = new Date(Date.UTC(1800, 0, 1) + below(146097) * 86400000);
  const [y, m, d] = [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
  const name = weekday.format(day).replace("Thứ", "thứ").replace("Chủ Nhật", "Chủ nhật");
  const x = pick([`${d}/${m}/${y}`, `${y}-${two(m)}-${two(d)}`, `${two(d)}.${two(m)}.${y}`,
    `${two(d)}-${two(m)}-${y} 23:59`]);
  return [x, `${name}, ngày ${two(d)} tháng ${m < 3 ? two(m) : m} năm ${y}`];
});
compare("a moment is the day that it is in Vietnam", "{{ x | date_vi }}", () => {
  const moment = new Date(Date.UTC(1950, 0, 1) + below(200 * 365 * 1440) * 60000);
  const vn = new Date(moment.getTime() + 7 * 3600000);
  return [moment.toISOString(), `${two(vn.getUTCDate())}/${two(vn.getUTCMonth() + 1)}/${vn.getUTCFullYear()}`];
});
compare("no other day exists", "{{ x | date_vi }}", () => {
  const [y, m, d] = [1800 + below(400), below(14), below(33)];
  const day = new Date(Date.UTC(y, m - 1, d));
  const exists = m >= 1 && d >= 1 && day.getUTCMonth() === m - 1 && day.getUTCDate() === d;
  return [`${d}/${m}/${y}`, exists ? `${two(d)}/${two(m)}/${y}` : null];
});

const syllables = ("Nguyễn Trần Lê Phạm Đặng Đỗ Hoàng Huỳnh Võ Vũ Bùi Ngô Dương Lý Văn Thị Hữu Đức Ngọc Ánh Ý Ấn Ủy " +
  "Ước Ỷ Quỳnh Thúy Hường Tuyết Phượng Kỳ Khuyên Oanh Niê Êban Mlô Hằng Cẩn Lẫm Bảo Ẩn Ễnh").split(" ");
const name = () => {
  const words = Array.from({ length: 1 + below(5) }, () => pick(syllables));
  if (below(6) === 0) words[0] = pick(["H'", "K'", "H’"]) + words[0];
  if (below(6) === 0) words[words.length - 1] += `-${pick(syllables)}`;
  return words.join(" ");
};
compare("names get their capitals back", "{{ x | name_case }}", () => {
  const wanted = name();
  const x = pick([wanted.toUpperCase(), wanted.toLowerCase(), wanted]);
  return [pick([x, x.normalize("NFD")]), wanted];
});

const phones = libphonenumber.PhoneNumberUtil.getInstance();
const national = (e164) => phones.format(phones.parse(e164, "VN"), libphonenumber.PhoneNumberFormat.NATIONAL);
const digits = (n) => Array.from({ length: n }, () => below(10)).join("");
compare("phones are grouped as libphonenumber does", "{{ x | phone_vi }}", () => {
  const nsn = pick([
    () => pick(["32", "39", "70", "76", "79", "81", "86", "88", "90", "91", "96", "98"]) + digits(7),
    () => pick(["24", "28"]) + pick(["3", "6", "7"]) + digits(7),
    () => pick(["296", "254", "227", "225", "236", "292", "251"]) + digits(7),
  ])();
  const wanted = national(`+84${nsn}`);
  return [pick([`+84${nsn}`, `84${nsn}`, `0${nsn}`, `0084${nsn}`, `0${nsn.slice(0, 3)}.${nsn.slice(3)}`]), wanted];
});

rmSync(folder, { recursive: true });
console.log(`1..${count}`);
process.exitCode = failures > 0 ? 1 : 0;
