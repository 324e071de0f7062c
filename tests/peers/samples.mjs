#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The sample library, judged by programs that are not ours: liquidjs fills each text with its example
// values, two packages count its parts, accents come off by Unicode's decomposition.
import { readFileSync, readdirSync } from "node:fs";
import { Liquid } from "liquidjs";
import segments from "sms-segments-calculator";
import splitter from "split-sms";

const { SegmentedMessage } = segments;
const folder = new URL("../../templates/samples/", import.meta.url);
const samples = JSON.parse(readFileSync(new URL("samples.json", folder), "utf8"));
const classes = ["emergency", "personal", "duty", "notice", "advert"];
let count = 0;
let failures = 0;

const test = (name, findings) => {
  count++;
  if (findings.length > 0) failures++;
  console.log(`${findings.length > 0 ? "not ok" : "ok"} ${count} - ${name}`);
  for (const finding of findings) console.log(`# ${finding}`);
};

// Of the Vietnamese filters, as much as the example values need.
const engine = new Liquid({ strictFilters: true, strictVariables: true });
engine.registerFilter("honorific", (sex) => ({ Nam: "Ông", Nữ: "Bà" })[sex] ?? "Ông/Bà");
engine.registerFilter("name_case", (name) => name);
engine.registerFilter("date_vi", (date, form) => (form === "ngày tháng" ? date.slice(0, 5) : date));
engine.registerFilter("phone_vi", (phone) =>
  phone.replace(/^(09\d{2})(\d{3})(\d{3})$/, "$1 $2 $3").replace(/^(1800)(\d{4})$/, "$1 $2"));

const plain = (text) =>
  text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/đ/g, "d").replace(/Đ/g, "D");

const partsOf = (text, findings) => {
  const a = new SegmentedMessage(text, "auto").segmentsCount;
  const b = splitter.split(text).parts.length;
  if (a !== b) findings.push(`the two packages count ${a} and ${b} parts`);
  return a;
};

const judge = (sample) => {
  const findings = [];
  const source = readFileSync(new URL(`${sample.name}.liquid`, folder), "utf8").replace(/\n$/, "");
  const values = Object.fromEntries(sample.fields.map((f) => [f.name, f.example]));
  const declared = sample.fields.map((f) => f.name).sort().join(" ");
  const used = engine.variablesSync(source).sort().join(" ");
  if (declared !== used) findings.push(`declares "${declared}", uses "${used}"`);
  if (source !== source.normalize("NFC")) findings.push("is not in NFC");
  if (!classes.includes(sample.class)) findings.push(`class ${sample.class} does not exist`);
  if (!/^[a-z0-9-]+$/.test(sample.goal)) findings.push(`goal "${sample.goal}" is no tag`);
  for (const f of sample.fields)
    if (!f.means || !f.example) findings.push(`field ${f.name} has no meaning or example`);
  const text = engine.parseAndRenderSync(source, values);
  const parts = partsOf(text, findings);
  const plainParts = partsOf(plain(text), findings);
  if (parts !== sample.parts) findings.push(`${parts} parts, declares ${sample.parts}`);
  if (plainParts !== sample.plain_parts)
    findings.push(`${plainParts} parts without accents, declares ${sample.plain_parts}`);
  // Characters that Vietnamese carriers refuse, or that cost double.
  const refused = plain(text).match(/[^A-Za-z0-9 .,:;/()-]/g);
  if (refused) findings.push(`has ${refused.join(" ")}`);
  if (parts > 3 || plainParts > 1) findings.push(`is long: ${parts} parts, ${plainParts} without accents`);
  if (/https?:|bit\.ly/.test(text)) findings.push("has a link that is no plain name of a site");
  if (process.argv.includes("--print")) console.log(`# ${text.length} ${parts}/${plainParts} ${text}`);
  return findings;
};

for (const sample of samples) test(`${sample.name} is as it says`, judge(sample));
const files = readdirSync(folder).filter((f) => f.endsWith(".liquid")).map((f) => f.slice(0, -7)).sort();
const names = samples.map((s) => s.name).sort();
test("each file is described, each name once",
  files.join(" ") === names.join(" ") ? [] : [`files ${files.join(" ")}`, `names ${names.join(" ")}`]);
test("there are at least 14", samples.length >= 14 ? [] : [`${samples.length}`]);
console.log(`1..${count}`);
process.exitCode = failures > 0 ? 1 : 0;
