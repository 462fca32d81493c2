// SPDX-License-Identifier: Apache-2.0
/*
 * hostile.js - a message centre that sends a running gateway every broken PDU of
 * tests/vectors/smpp.json, octet for octet, and looks at what comes back.
 *
 *     node tests/peers/hostile.js tests/vectors/smpp.json
 *
 * Prints "READY transceiver=PORT transmitter=PORT". The gateway is to have a link of each
 * kind with a window of 1 and rows that wait for it, since each vector is sent while a
 * submit_sm is unanswered. For each it prints
 *
 *     ok ID | bad ID: what was wrong
 *
 * and at the end "DONE n". Nothing waits by the clock but for what never comes: that a PDU
 * was ignored shows in the answer to an enquire_link that was sent behind it.
 */
'use strict';

const fs = require('fs');
const net = require('net');

const PATIENCE_MS = 15000, HEADER = 16;
const vectors = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const SUBMIT = 0x04, DELIVER = 0x05, UNBIND = 0x06, ENQUIRE = 0x15, RESPONSE = 0x80000000;

function pdu(command, status, sequence, body = Buffer.alloc(0)) {
	const out = Buffer.alloc(HEADER);
	[HEADER + body.length, command, status, sequence].forEach((n, i) => out.writeUInt32BE(n >>> 0, 4 * i));
	return Buffer.concat([out, body]);
}

const text = (string) => Buffer.from(string + '\0', 'latin1');
const command = (octets) => octets.readUInt32BE(4);
const sequence = (octets) => octets.readUInt32BE(12);

/* A connection: PDUs in the order in which they came, and then its end. */
class Session {
	constructor(socket) {
		this.socket = socket;
		this.heard = [];
		this.input = Buffer.alloc(0);
		this.ended = false;
		this.wake = () => {};
		this.sequence = 1000;
		socket.on('data', (octets) => {
			this.input = Buffer.concat([this.input, octets]);
			while (this.input.length >= 4 && this.input.length >= this.input.readUInt32BE(0)) {
				this.heard.push(this.input.subarray(0, this.input.readUInt32BE(0)));
				this.input = this.input.subarray(this.input.readUInt32BE(0));
			}
			this.wake();
		});
		socket.on('error', () => {});
		socket.on('close', () => { this.ended = true; this.wake(); });
	}

	/* The next PDU; null at the end of the connection. */
	async next() {
		const until = Date.now() + PATIENCE_MS;
		while (!this.heard.length && !this.ended) {
			const left = until - Date.now();
			if (left <= 0)
				throw new Error('nothing came');
			await new Promise((done) => {
				const timer = setTimeout(done, left);
				this.wake = () => { clearTimeout(timer); done(); };
			});
		}
		return this.heard.length ? this.heard.shift() : null;
	}

	say(octets) {
		this.socket.write(octets);
	}
}

class Centre {
	constructor() {
		this.sessions = [];
		this.wake = () => {};
		this.server = net.createServer((socket) => {
			this.sessions.push(new Session(socket));
			this.wake();
		});
	}

	async listen() {
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		return this.server.address().port;
	}

	/* A session with a submit_sm that is not answered: {session, submit}. */
	async busy() {
		if (this.now && !this.now.session.ended && this.now.submit)
			return this.now;
		for (;;) {
			while (!this.now || this.now.session.ended) {
				const session = this.sessions.shift();
				if (session) {
					const bind = await session.next();
					if (bind === null)
						continue;
					session.say(pdu(command(bind) | RESPONSE, 0, sequence(bind), text('hostile')));
					this.now = { session };
				} else {
					await new Promise((done) => { this.wake = done; });
				}
			}
			const next = await this.now.session.next();
			if (next === null)
				continue;
			if (command(next) === SUBMIT) {
				this.now.submit = next;
				return this.now;
			}
			if (command(next) === ENQUIRE || command(next) === UNBIND)
				this.now.session.say(pdu(command(next) | RESPONSE, 0, sequence(next)));
		}
	}

	answer() {
		const { session, submit } = this.now;
		session.say(pdu(SUBMIT | RESPONSE, 0, sequence(submit), text(`id${sequence(submit)}`)));
		this.now.submit = null;
	}
}

/* What the gateway says next, keep-alives of its own aside. */
async function reply(session) {
	for (;;) {
		const octets = await session.next();
		if (octets === null || command(octets) !== ENQUIRE)
			return octets;
		session.say(pdu(ENQUIRE | RESPONSE, 0, sequence(octets)));
	}
}

const hex = (octets) => (octets ? octets.toString('hex').toUpperCase() : 'the end of the connection');

function expect(what, is, should) {
	if (is !== should)
		throw new Error(`${what}: ${is}, not ${should}`);
}

/* The session goes on, and has said nothing else: the answer to our question is next. */
async function alive(session) {
	const number = ++session.sequence;
	session.say(pdu(ENQUIRE, 0, number));
	expect('after it', hex(await reply(session)), hex(pdu(ENQUIRE | RESPONSE, 0, number)));
}

async function closes(session) {
	expect('the session', hex(await reply(session)), hex(null));
}

/* Answers to our submit carry its number. */
const renumbered = (octets, submit) => Buffer.concat([octets.subarray(0, 12), submit.subarray(12, 16),
	octets.subarray(16)]);

async function tryVector(centre, vector) {
	const { session, submit } = await centre.busy();
	let octets = Buffer.from(vector.hex, 'hex');
	if (['M35', 'M36', 'M37'].includes(vector.id))
		octets = renumbered(octets, submit);
	session.say(octets);
	if (vector.reply_hex)
		expect('the reply', hex(await reply(session)), vector.reply_hex);
	if (vector.close) {
		await closes(session);
		return;
	}
	if (vector.action === 'complete-request-failed') { /* the window is free: the next one comes */
		const next = await reply(session);
		expect('the next PDU', next ? command(next) : 0, SUBMIT);
		centre.now.submit = next;
		return;
	}
	await alive(session);
	centre.answer();
}

/* A broken submit_sm of the vectors as a deliver_sm: it is answered, and no worse. */
async function tryDelivery(centre, vector) {
	const { session } = await centre.busy();
	const octets = Buffer.from(vector.hex, 'hex');
	octets.writeUInt32BE(DELIVER, 4);
	session.say(octets);
	const answer = await reply(session);
	expect('the reply', answer ? command(answer) : 0, (DELIVER | RESPONSE) >>> 0);
	expect('its number', sequence(answer), sequence(octets));
	await alive(session);
	centre.answer();
}

/* A stream, cut as the vector says, of PDUs that a centre may send; those that we may not
 * are there to be answered with RINVBNDSTS. */
async function tryStream(centre, vector) {
	const { session, submit } = await centre.busy();
	for (const chunk of vector.chunks) {
		session.say(Buffer.from(chunk, 'hex'));
		await new Promise((done) => setImmediate(done));
	}
	const pdus = new Map(vectors.pdus.map((one) => [one.id, Buffer.from(one.hex, 'hex')]));
	const sent = vector.expect.filter((id) => pdus.has(id)).map((id) => pdus.get(id));
	const due = new Set(sent.filter((octets) => command(octets) < RESPONSE)
		.map((octets) => `${(command(octets) | RESPONSE) >>> 0} ${sequence(octets)}`));
	while (due.size) { /* in any order: some wait for a commit */
		const answer = await reply(session);
		const name = answer ? `${command(answer)} ${sequence(answer)}` : hex(null);
		expect(`${name} was due`, due.delete(name), true);
	}
	if (sent.length < vector.expect.length) {
		expect('the reply', hex(await reply(session)).slice(8, 24), '8000000000000002');
		await closes(session);
		return;
	}
	/* An answer in it may have been the one that we owe; then the next submit comes. */
	if (sent.some((octets) => command(octets) === ((SUBMIT | RESPONSE) >>> 0) &&
		sequence(octets) === sequence(submit))) {
		centre.now.submit = await reply(session);
		expect('the next PDU', command(centre.now.submit), SUBMIT);
	}
	await alive(session);
	centre.answer();
}

async function main() {
	const transceiver = new Centre(), transmitter = new Centre();
	const ports = [await transceiver.listen(), await transmitter.listen()];
	process.stdout.write(`READY transceiver=${ports[0]} transmitter=${ports[1]}\n`);
	const tries = [];
	for (const vector of vectors.malformed) {
		const centre = vector.state === 'BOUND_TX' ? transmitter : transceiver;
		if (vector.role === 'ESME' || vector.role === 'any')
			tries.push([vector.id, () => tryVector(centre, vector)]);
		else if (vector.state.startsWith('BOUND') && Buffer.from(vector.hex, 'hex').readUInt32BE(4) === SUBMIT)
			tries.push([`${vector.id} as deliver_sm`, () => tryDelivery(transceiver, vector)]);
	}
	for (const vector of vectors.streams)
		tries.push([vector.id, () => tryStream(transceiver, vector)]);
	for (const [id, run] of tries) {
		try {
			await run();
			process.stdout.write(`ok ${id}\n`);
		} catch (error) {
			process.stdout.write(`bad ${id}: ${error.message}\n`);
			for (const centre of [transceiver, transmitter])
				if (centre.now) {
					centre.now.session.socket.destroy();
					centre.now = null;
				}
		}
	}
	process.stdout.write(`DONE ${tries.length}\n`);
	/* What is still waiting is answered until we are ended. */
	for (const centre of [transceiver, transmitter])
		(async () => { for (;;) { await centre.busy(); centre.answer(); } })().catch(() => {});
}

main();
