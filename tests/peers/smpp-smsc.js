// SPDX-License-Identifier: Apache-2.0
/*
 * smpp-smsc.js - a message centre made of the npm package `smpp`.
 *
 * smsc-sim shares its codec with the gateway, so the two can be wrong alike.
 * Octets here are packed, unpacked and decoded by code that nobody of this
 * project wrote; this file only says what to answer and what to note down.
 *
 *     npm install --no-package-lock --no-audit --no-fund --prefix tests/peers
 *     node tests/peers/smpp-smsc.js [FLAG VALUE]...
 *
 * (With --prefix DIR and a copy of package.json there: NODE_PATH=DIR/node_modules.)
 *
 * Prints "READY smpp=PORT". SIGUSR1 prints what it saw as one line of JSON,
 * SIGTERM and SIGINT print it and end. `messages` are whole, in the order in which
 * they became so, with their text as it was decoded; `problems` should be empty.
 *
 * --record FILE appends each whole message, once it is, as one line of JSON:
 *
 *     source, destination
 *     data_coding, esm_class, udh    of its first part; udh in hexadecimal with its
 *                                    length octet, "" for none
 *     parts                          how many there were
 *     text                           when the library decoded every part into characters
 *     data                           the octets without headers in hexadecimal, always
 *
 * The library reads a message under national tables (udh elements 24 and 25) of
 * Turkish, Spanish and Portuguese with its locking table even where only the single
 * shift is named, and of other languages as the default alphabet: there `data` is
 * what to go by.
 *
 * --echo sends every submit back to its account in the order in which they came:
 * source and destination swapped, the octets as they were, data_coding, protocol_id,
 * service_type, the bit of the user data header, sar, ports and payload kept. What is
 * not acknowledged when its connection ends is sent again on the next.
 *
 * Queries, cancels and replacements are answered for messages whose receipt has not been
 * sent yet; `commands` are those, as the library unpacked them.
 */
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const defaults = {
	'--smpp': '0',                  // port, 0: any free one
	'--listen': '127.0.0.1',
	'--account': '',                // ID:PASSWORD; empty: anybody may bind
	'--receipt-delay': '5',         // milliseconds from the response to the receipt
	'--inbound-count': '0',         // sent to the first receiver: GSM 7-bit and UCS-2 in turn
	'--inbound-from': '447700900001',
	'--inbound-to': '12345',
	'--fail': '',                   // a number that a submit_multi is refused for
	'--counts': '',                 // write the JSON there too
	'--record': '',                 // append whole messages there
	'--echo': false,                // takes no value: send submits back
	'--outbind': '',                // ADDRESS:PORT: call there, send outbind, await a bind
	'--outbind-as': '',             // ID:PASSWORD to say then
	'--outbind-ca': '',             // PEM: call over TLS, and believe its certificates
	'--outbind-cert': '', '--outbind-key': '', // PEM: and show this one then
	'--tls-cert': '', '--tls-key': '', // PEM: speak TLS
	'--tls-client-ca': '',          // PEM: ask for certificates signed by it
};

function usage(why) {
	process.stderr.write(`smpp-smsc.js: ${why}\nFlags and defaults: ${JSON.stringify(defaults)}\n`);
	process.exit(2);
}

function readOptions(words) {
	const options = { ...defaults };
	for (let i = 0; i < words.length; i++) {
		const flag = words[i];
		if (!(flag in defaults))
			usage(`no such flag: ${flag}`);
		if (defaults[flag] !== false && i + 1 >= words.length)
			usage(`${flag} wants a value`);
		options[flag] = defaults[flag] === false || words[++i];
	}
	for (const flag of ['--smpp', '--receipt-delay', '--inbound-count'])
		if (!/^\d+$/.test(options[flag]))
			usage(`${flag} wants a number`);
	return options;
}

const options = readOptions(process.argv.slice(2));
const record = options['--record'] ? fs.openSync(options['--record'], 'a') : null;

const saw = {
	submits: 0, multis: 0, datas: 0, binds: 0, binds_refused: 0, enquiries: 0, doubles: 0,
	receipts_sent: 0, receipts_acked: 0, inbound_sent: 0, inbound_acked: 0,
	echoes_sent: 0, echoes_acked: 0,
	recipients: {},                 // number of submits for each
	messages: [],                   // {sender, recipient, text, coding, parts}
	inbound: [],                    // {sender, recipient, text} as sent
	commands: [],                   // {command, id, source, destination, data}
	problems: [],
};
const open = new Map();                 // long messages by sender, recipient, reference, parts
const seen = new Set();                 // recipient, part and octets of every submit

function problem(text) {
	if (saw.problems.length < 100)
		saw.problems.push(text);
}

/* The octets stay beside what the library makes of them, which is {message, udh}. */
const decode = smpp.filters.message.decode;
smpp.filters.message.decode = function (value, skipUdh) {
	const result = decode.call(this, value, skipUdh);
	if (Buffer.isBuffer(value) && result !== value)
		result.octets = value;
	return result;
};

/* Where the message of a submit_sm or data_sm stands. */
function bodyOf(pdu) {
	return pdu.message_payload || pdu.short_message || { message: '', octets: Buffer.alloc(0) };
}

/* The concatenation element of a message that `smpp` has decoded, or null. */
function concatenation(pdu) {
	for (const element of bodyOf(pdu).udh || []) {
		if (element[0] === 0x00 && element.length === 5)
			return { reference: element[2], parts: element[3], part: element[4] };
		if (element[0] === 0x08 && element.length === 6)
			return { reference: element.readUInt16BE(2), parts: element[4], part: element[5] };
	}
	if (pdu.sar_total_segments > 1)
		return { reference: pdu.sar_msg_ref_num, parts: pdu.sar_total_segments,
			part: pdu.sar_segment_seqnum };
	return null;
}

/* The text, and octets that are no text in hexadecimal. */
function textOf(pdu) {
	const message = bodyOf(pdu).message;
	return Buffer.isBuffer(message) ? 'hex:' + message.toString('hex') : message;
}

/* The header in octets, as the library took it apart. */
function headerOf(pdu) {
	const elements = Buffer.concat(bodyOf(pdu).udh || []);
	return elements.length ? Buffer.concat([Buffer.from([elements.length]), elements]) : elements;
}

function dataOf(pdu) {
	const { octets, udh } = bodyOf(pdu);
	return udh && octets.length ? octets.subarray(octets[0] + 1) : octets;
}

/* Characters may not lie across two parts. */
function checkEnds(pdu, part) {
	const message = bodyOf(pdu).message;
	if (typeof message !== 'string')
		return;
	if (message.endsWith('\x1B') || !message.isWellFormed())
		problem(`part ${part} for ${pdu.destination_addr} cuts a character`);
}

/* A message is whole: these are its parts, in order. */
function note(pdus) {
	const first = pdus[0], decoded = pdus.every((pdu) => typeof bodyOf(pdu).message === 'string');
	const text = pdus.map(textOf).join('');
	saw.messages.push({ sender: first.source_addr, recipient: first.destination_addr, text,
		coding: first.data_coding, parts: pdus.length });
	if (record === null)
		return;
	fs.writeSync(record, JSON.stringify({
		source: first.source_addr, destination: first.destination_addr,
		data_coding: first.data_coding, esm_class: first.esm_class,
		...(decoded ? { text } : {}), data: Buffer.concat(pdus.map(dataOf)).toString('hex'),
		parts: pdus.length, udh: headerOf(first).toString('hex'),
	}) + '\n');
}

function noteSubmit(pdu) {
	const text = textOf(pdu), long = concatenation(pdu);
	const key = JSON.stringify([pdu.destination_addr, long && long.part, long && long.parts, text]);
	saw.submits++;
	saw.recipients[pdu.destination_addr] = (saw.recipients[pdu.destination_addr] || 0) + 1;
	if (seen.has(key))
		saw.doubles++;
	seen.add(key);
	checkEnds(pdu, long ? long.part : 1);
	if (!long) {
		note([pdu]);
		return;
	}
	const { reference, parts, part } = long;
	if (part < 1 || part > parts) {
		problem(`part ${part} of ${parts} for ${pdu.destination_addr}`);
		return;
	}
	const name = [pdu.source_addr, pdu.destination_addr, reference, parts].join(' ');
	const pdus = open.get(name) || new Array(parts).fill(null);
	open.set(name, pdus);
	pdus[part - 1] = pdu;
	if (pdus.includes(null))
		return;
	open.delete(name);
	note(pdus);
}

function minutes(date) {
	return date.toISOString().replace(/\D/g, '').slice(2, 12);
}

/* Receipts go to any bind of the account that receives. */
const receivers = new Map();            // system_id -> sessions

function receiverOf(account) {
	return (receivers.get(account) || [])[0];
}

function sendReceipt(account, id, submit, submittedAt) {
	const session = receiverOf(account);
	if (!session) {
		problem(`no receiver for the receipt of ${id}`);
		return;
	}
	saw.receipts_sent++;
	session.deliver_sm({
		source_addr: submit.destination_addr, source_addr_ton: submit.dest_addr_ton,
		source_addr_npi: submit.dest_addr_npi, destination_addr: submit.source_addr,
		dest_addr_ton: submit.source_addr_ton, dest_addr_npi: submit.source_addr_npi,
		esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, data_coding: 0,
		short_message: `id:${id} sub:001 dlvrd:001 submit date:${minutes(submittedAt)} ` +
			`done date:${minutes(new Date())} stat:DELIVRD err:000 text:`,
		receipted_message_id: id, message_state: smpp.MESSAGE_STATE.DELIVERED,
	}, (answer) => {
		saw.receipts_acked += answer.command_status === 0;
		if (answer.command_status)
			problem(`receipt of ${id} answered ${answer.command_status}`);
	});
}

const echoes = new Map();               // system_id -> those that wait for a receiver

function echoOf(submit) {
	const echo = {
		source_addr: submit.destination_addr, source_addr_ton: submit.dest_addr_ton,
		source_addr_npi: submit.dest_addr_npi, destination_addr: submit.source_addr,
		dest_addr_ton: submit.source_addr_ton, dest_addr_npi: submit.source_addr_npi,
		service_type: submit.service_type, protocol_id: submit.protocol_id || 0,
		esm_class: submit.esm_class & smpp.ESM_CLASS.UDH_INDICATOR,
		data_coding: submit.data_coding,
		short_message: (submit.short_message && submit.short_message.octets) || Buffer.alloc(0),
	};
	for (const name of ['sar_msg_ref_num', 'sar_total_segments', 'sar_segment_seqnum',
		'source_port', 'dest_port'])
		if (submit[name] !== undefined)
			echo[name] = submit[name];
	if (submit.message_payload)
		echo.message_payload = submit.message_payload.octets;
	return echo;
}

function sendEchoes(account) {
	const session = receiverOf(account), waiting = echoes.get(account) || [];
	while (session && waiting.length) {
		const echo = waiting.shift();
		if (!echo.again)
			saw.echoes_sent++;
		echo.again = true;
		session.flight.add(echo);
		session.deliver_sm({ ...echo.pdu }, (answer) => {
			session.flight.delete(echo);
			saw.echoes_acked += answer.command_status === 0;
			if (answer.command_status)
				problem(`echo to ${echo.pdu.destination_addr} answered ${answer.command_status}`);
		});
	}
}

function putEcho(account, submit) {
	if (!echoes.has(account))
		echoes.set(account, []);
	echoes.get(account).push({ pdu: echoOf(submit), again: false });
	sendEchoes(account);
}

function sendInbound(session) {
	const message = ++saw.inbound_sent, wide = message % 2 === 0;
	const text = wide ? `входящее №${message} \u{1F600}` : `inbound ${message}: @£$ [€]`;
	saw.inbound.push({ sender: options['--inbound-from'], recipient: options['--inbound-to'], text });
	session.deliver_sm({
		source_addr: options['--inbound-from'], source_addr_ton: 1, source_addr_npi: 1,
		destination_addr: options['--inbound-to'], data_coding: wide ? 8 : 0, short_message: text,
	}, (answer) => {
		saw.inbound_acked += answer.command_status === 0;
		if (answer.command_status)
			problem(`inbound ${message} answered ${answer.command_status}`);
	});
}

function onBind(session, pdu) {
	const [id, password] = options['--account'].split(':');
	if (options['--account'] && (pdu.system_id !== id || pdu.password !== password)) {
		saw.binds_refused++;
		session.send(pdu.response({ command_status: smpp.ESME_RBINDFAIL }), () => session.close());
		return;
	}
	saw.binds++;
	session.account = pdu.system_id;
	session.kind = pdu.command;
	session.send(pdu.response({ system_id: 'smpp-smsc', sc_interface_version: 0x34 }));
	if (pdu.command === 'bind_transmitter')
		return;
	session.flight = new Set();
	receivers.set(session.account, [...(receivers.get(session.account) || []), session]);
	while (saw.inbound_sent < Number(options['--inbound-count']))
		sendInbound(session);
	sendEchoes(session.account);
}

let lastId = 0;

function onSubmit(session, pdu) {
	if (!session.account || session.kind === 'bind_receiver') {
		session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
		problem(`${pdu.command} outside of a bind`);
		return;
	}
	const id = `peer-${++lastId}`, now = new Date();
	saw.datas += pdu.command === 'data_sm';
	noteSubmit(pdu);
	session.send(pdu.response({ message_id: id }));
	if (options['--echo'])
		putEcho(session.account, pdu);
	if (!(pdu.registered_delivery & 0x03))
		return;
	const source = [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr].join(' ');
	const timer = setTimeout(() => {
		waiting.delete(id);
		ended.set(id, { source, state: smpp.MESSAGE_STATE.DELIVERED, at: new Date() });
		sendReceipt(session.account, id, pdu, now);
	}, Number(options['--receipt-delay']));
	waiting.set(id, { source, timer });
}

/* Messages whose receipt is not sent yet, and what became of the others. */
const waiting = new Map();              // id -> {source, timer}
const ended = new Map();                // id -> {source, state, at}

function noteCommand(pdu) {
	/* Without a data_coding the library leaves the octets alone. */
	const octets = pdu.short_message;
	saw.commands.push({ command: pdu.command, id: pdu.message_id, source: pdu.source_addr,
		...(pdu.destination_addr ? { destination: pdu.destination_addr } : {}),
		...(Buffer.isBuffer(octets) ? { data: octets.toString('hex') } : {}) });
}

function onCommand(session, pdu) {
	noteCommand(pdu);
	const open = waiting.get(pdu.message_id), known = open || ended.get(pdu.message_id);
	const source = [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr].join(' ');
	if (!known || known.source !== source) {
		session.send(pdu.response({ command_status: smpp.ESME_RINVMSGID }));
	} else if (pdu.command === 'query_sm') {
		session.send(pdu.response(open ? { message_id: pdu.message_id, final_date: '', error_code: 0,
			message_state: smpp.MESSAGE_STATE.ENROUTE } : { message_id: pdu.message_id,
			final_date: known.at, message_state: known.state, error_code: 0 }));
	} else if (!open) {
		session.send(pdu.response({ command_status: pdu.command === 'cancel_sm' ?
			smpp.ESME_RCANCELFAIL : smpp.ESME_RREPLACEFAIL }));
	} else {
		if (pdu.command === 'cancel_sm') {
			clearTimeout(open.timer);
			waiting.delete(pdu.message_id);
			ended.set(pdu.message_id, { source, state: smpp.MESSAGE_STATE.DELETED, at: new Date() });
		}
		session.send(pdu.response());
	}
}

/* Taken for all but one, each of whom is noted and told as of a submit of its own. */
function onMulti(session, pdu) {
	const id = `peer-${++lastId}`, now = new Date();
	const refused = pdu.dest_address.filter((to) => to.destination_addr === options['--fail'] || to.dl_name);
	saw.multis++;
	session.send(pdu.response({ message_id: id, unsuccess_sme: refused.map((to) => ({
		destination_addr: to.destination_addr || to.dl_name, dest_addr_ton: to.dest_addr_ton,
		dest_addr_npi: to.dest_addr_npi, error_status_code: to.dl_name ? 0x34 : smpp.ESME_RINVDSTADR })) }));
	for (const to of pdu.dest_address) {
		if (refused.includes(to))
			continue;
		const one = { ...pdu, ...to };
		noteSubmit(one);
		if (pdu.registered_delivery & 0x03)
			setTimeout(sendReceipt, Number(options['--receipt-delay']), session.account, id, one, now);
	}
}

function onGone(session) {
	const others = (receivers.get(session.account) || []).filter((other) => other !== session);
	receivers.set(session.account, others);
	if (!session.flight || !session.flight.size)
		return;
	echoes.set(session.account, [...session.flight, ...(echoes.get(session.account) || [])]);
	session.flight.clear();
	sendEchoes(session.account);
}

const secure = options['--tls-cert'] ? {
	cert: fs.readFileSync(options['--tls-cert']), key: fs.readFileSync(options['--tls-key']),
	...(options['--tls-client-ca'] ? { ca: fs.readFileSync(options['--tls-client-ca']),
		requestCert: true, rejectUnauthorized: true } : {}),
} : {};

function serve(session) {
	for (const command of ['bind_transceiver', 'bind_receiver', 'bind_transmitter'])
		session.on(command, (pdu) => onBind(session, pdu));
	for (const command of ['submit_sm', 'data_sm'])
		session.on(command, (pdu) => onSubmit(session, pdu));
	for (const command of ['query_sm', 'cancel_sm', 'replace_sm'])
		session.on(command, (pdu) => onCommand(session, pdu));
	session.on('submit_multi', (pdu) => onMulti(session, pdu));
	session.on('enquire_link', (pdu) => {
		saw.enquiries++;
		session.send(pdu.response());
	});
	session.on('unbind', (pdu) => {
		onGone(session);
		session.send(pdu.response(), () => session.close());
	});
	session.on('unknown', (pdu) => {
		problem(`unknown command ${pdu.command_id}`);
		session.send(pdu.response());
	});
	session.on('generic_nack', (pdu) => problem(`generic_nack ${pdu.command_status}`));
	session.on('close', () => onGone(session));
	session.on('error', (error) => {
		if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE')
			problem(`session: ${error.message}`);
	});
}

/* Whoever does not listen yet is called again. */
function call() {
	const [host, port] = options['--outbind'].split(':');
	const [id, password] = options['--outbind-as'].split(':');
	const ca = options['--outbind-ca'];
	const cert = options['--outbind-cert'], key = options['--outbind-key'];
	const how = { host, port: Number(port), ...(ca ? { tls: true, ca: fs.readFileSync(ca) } : {}),
		...(cert ? { cert: fs.readFileSync(cert), key: fs.readFileSync(key) } : {}) };
	const session = smpp.connect(how, () => {
		serve(session);
		session.outbind({ system_id: id, password });
	});
	session.on('error', (error) => {
		if (error.code === 'ECONNREFUSED')
			setTimeout(call, 200);
	});
}

const server = smpp.createServer(secure, serve);

function report() {
	const json = JSON.stringify({ ...saw, incomplete: open.size }) + '\n';
	fs.writeSync(1, json);
	if (options['--counts'])
		fs.writeFileSync(options['--counts'], json);
}

function stop() {
	report();
	process.exit(0);
}

process.on('SIGUSR1', report);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.on('error', (error) => {
	process.stderr.write(`smpp-smsc.js: ${error.message}\n`);
	process.exit(1);
});
server.listen(Number(options['--smpp']), options['--listen'], () => {
	fs.writeSync(1, `READY smpp=${server.address().port}\n`);
	if (options['--outbind'])
		call();
});
