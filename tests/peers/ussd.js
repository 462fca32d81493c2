// SPDX-License-Identifier: Apache-2.0
/*
 * ussd.js - a handset in a USSD dialogue, behind a message centre made of the npm
 * package `smpp`: operations and sessions are read and written by code that nobody of
 * this project wrote.
 *
 *     node tests/peers/ussd.js LINE...
 *
 * Prints "READY smpp=PORT". The first who binds gets *123# dialled in session 42; each
 * request is answered with the next LINE. SIGTERM prints what it saw as one line of JSON and
 * ends it: `turns` as they were decoded, `problems`, which should be empty.
 */
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const SESSION = 42, BEGIN = 1, REQUEST = 2, RESPONSE = 17, ANSWER = 18, DEFAULT_ALPHABET = 0;
const lines = process.argv.slice(2);
const saw = { turns: [], ended: false, problems: [] };
let sequence = 0, dialled = false;

function say(session, op, text) {
	session.deliver_sm({ service_type: 'USSD', source_addr_ton: 1, source_addr_npi: 1,
		source_addr: '447700901001', dest_addr_ton: 3, dest_addr_npi: 0, destination_addr: '*123#',
		data_coding: DEFAULT_ALPHABET, short_message: text, ussd_service_op: op,
		its_session_info: Buffer.from([SESSION, sequence << 1]) }, (response) => {
		if (response.command_status !== 0)
			saw.problems.push(`a turn was answered with ${response.command_status}`);
	});
}

function expect(what, is, expected) {
	if (is !== expected)
		saw.problems.push(`${what} is ${is}, not ${expected}`);
}

function onTurn(session, pdu) {
	session.send(pdu.response({ message_id: `peer-${saw.turns.length + 1}` }));
	const info = pdu.its_session_info || Buffer.alloc(2), op = pdu.ussd_service_op;
	expect('service_type', pdu.service_type, 'USSD');
	expect('session', info[0], SESSION);
	expect('sequence', info[1] >> 1, ++sequence);
	expect('end bit', info[1] & 1, op === RESPONSE ? 1 : 0);
	expect('registered_delivery', pdu.registered_delivery, 0);
	expect('validity_period', String(pdu.validity_period), '');
	expect('source', `${pdu.source_addr_ton}/${pdu.source_addr_npi} ${pdu.source_addr}`, '3/0 *123#');
	expect('destination', pdu.destination_addr, '447700901001');
	saw.turns.push(`${op} ${pdu.short_message.message}`);
	sequence++;
	if (op === REQUEST)
		say(session, ANSWER, lines.shift() || '');
	saw.ended = op === RESPONSE;
}

const server = smpp.createServer((session) => {
	session.on('bind_transceiver', (pdu) => {
		session.send(pdu.response({ system_id: 'peer' }));
		if (!dialled)
			say(session, BEGIN, '*123#');
		dialled = true;
	});
	session.on('submit_sm', (pdu) => onTurn(session, pdu));
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
	session.on('unknown', (pdu) => saw.problems.push(`unknown command ${pdu.command_id}`));
	session.on('error', (error) => saw.problems.push(`session: ${error.message}`));
});

process.on('SIGTERM', () => {
	fs.writeSync(1, JSON.stringify(saw) + '\n');
	process.exit(0);
});
server.listen(0, '127.0.0.1', () => {
	fs.writeSync(1, `READY smpp=${server.address().port}\n`);
});
