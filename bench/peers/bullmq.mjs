// SPDX-License-Identifier: MIT
// A BullMQ worker that posts what stands in its jobs by undici, as a careful user would write it:
//   bullmq.mjs fill SOCKET COUNT               jobs with ready bodies; returns when Redis has them
//   bullmq.mjs work SOCKET URL CONCURRENCY COUNT     until COUNT were answered "0"; prints its processor µs
import { Queue, Worker } from "bullmq";
import Redis from "ioredis";
import { Pool } from "undici";

const [verb, path, ...words] = process.argv.slice(2);
const connect = () => new Redis({ path, maxRetriesPerRequest: null });

function body(i) {
	const birth = `0${(i % 9) + 1}/1${i % 3}/19${40 + (i % 60)}`;
	return {
		to: String(84910000000 + i * 7),
		text: `Nguyễn Văn Thử ${i} (${birth}), Xã số ${i % 50}: mời nộp hồ sơ tại nhà.`,
		ref: String(i).padStart(24, "0"),
	};
}

async function fill(count) {
	const queue = new Queue("sms", { connection: connect() });
	const keep = { removeOnComplete: true, removeOnFail: false };
	for (let i = 0; i < count; i += 1000) {
		const jobs = [];
		for (let k = i; k < Math.min(count, i + 1000); k++) jobs.push({ name: "sms", data: body(k), opts: keep });
		await queue.addBulk(jobs);
	}
	await queue.close();
}

async function work(url, concurrency, count) {
	const pool = new Pool(new URL(url).origin, { connections: concurrency, pipelining: 1 });
	let done = 0;
	const send = async (job) => {
		const answer = await pool.request({
			path: "/",
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(job.data),
		});
		const said = await answer.body.json();
		if (answer.statusCode !== 200 || said.code !== "0") throw new Error(`answered ${answer.statusCode} ${said.code}`);
	};
	const before = process.cpuUsage();
	const worker = new Worker("sms", send, { connection: connect(), concurrency });
	await new Promise((over, fail) => {
		worker.on("completed", () => ++done === count && over());
		worker.on("failed", (job, why) => fail(why));
		worker.on("error", fail);
	});
	const cpu = process.cpuUsage(before);
	console.log(cpu.user + cpu.system);
	await worker.close();
	await pool.close();
}

if (verb === "fill") await fill(Number(words[0]));
else await work(words[0], Number(words[1]), Number(words[2]));
process.exit(0);
