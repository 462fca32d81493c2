// SPDX-License-Identifier: Apache-2.0
/*
 * dissected.js - does tshark read the same as the message centre did?
 *
 *     tshark ... -Y 'smpp.command_id == 4' -T pdml | node dissected.js RECORD
 *
 * RECORD is what smsc-sim --record-json wrote. Each submit_sm of the capture is held
 * against its line: addresses, esm_class, data_coding, protocol_id, octets, parameters,
 * and the elements of its user data header, by the dissector of SMS; a message of
 * several parts against the octets that the dissector joined. Prints how many of each
 * were compared; ends with status 1 and a line at the first difference.
 */
'use strict';

const fs = require('fs');

function differs(what, seen, expected) {
	process.stderr.write(`${what}: tshark reads ${seen}, the record says ${expected}\n`);
	process.exit(1);
}

function same(what, seen, expected) {
	if (String(seen) !== String(expected))
		differs(what, seen, expected);
}

/* The values of a field in a piece of PDML: {show, value}. */
function fields(pdml, name) {
	const found = [], pattern = new RegExp(`<field name="${name.replace(/\./g, '\\.')}"([^>]*)>`, 'g');
	for (const [, attributes] of pdml.matchAll(pattern)) {
		const of = (key) => (attributes.match(new RegExp(` ${key}="([^"]*)"`)) || [])[1] || '';
		found.push({ show: of('show'), value: of('value'), title: of('showname'), whole: of('unmaskedvalue') });
	}
	return found;
}

const first = (pdml, name) => fields(pdml, name)[0] || { show: '', value: '', whole: '' };

/* The elements of a header: [identifier, octets in hex]. */
function elements(octets) {
	const list = [];
	for (let i = 1; i < octets[0] + 1; i += 2 + octets[i + 1])
		list.push([octets[i], octets.subarray(i + 2, i + 2 + octets[i + 1]).toString('hex')]);
	return list;
}

const joined = new Map();               // octets of long messages, by what their parts share
let headers = 0, whole = 0;

function compareHeader(pdml, row, octets) {
	const list = elements(octets), where = `header for ${row.destination}`;
	same(`${where}, identifiers`, fields(pdml, 'gsm_sms.ie_identifier').map((f) => parseInt(f.value, 16)),
		list.map(([identifier]) => identifier));
	headers++;
	for (const [identifier, hex] of list) {
		if (identifier === 5) {
			same(`${where}, destination port`, first(pdml, 'gsm_sms.destination_port').show, parseInt(hex.slice(0, 4), 16));
			same(`${where}, source port`, first(pdml, 'gsm_sms.originator_port').show, parseInt(hex.slice(4), 16));
		}
		if (identifier === 0x24)
			same(`${where}, single shift`, first(pdml, 'gsm_sms.dis_iei_lang.single_shift').value, hex);
		if (identifier === 0x25)
			same(`${where}, locking shift`, first(pdml, 'gsm_sms.dis_iei_lang.locking_shift').value, hex);
		if (identifier !== 0 && identifier !== 8)
			continue;
		const at = identifier === 0 ? 2 : 4, parts = parseInt(hex.slice(at, at + 2), 16);
		same(`${where}, parts`, first(pdml, 'gsm_sms.udh.mm.msg_parts').show, parts);
		same(`${where}, part`, first(pdml, 'gsm_sms.udh.mm.msg_part').show, parseInt(hex.slice(at + 2), 16));
		compareJoined(pdml, row, `${row.destination} ${identifier} ${hex.slice(0, at)}`, parts,
			octets.subarray(octets[0] + 1));
	}
}

function compareJoined(pdml, row, key, parts, octets) {
	const before = joined.get(key) || [];
	joined.set(key, [...before, octets]);
	if (before.length + 1 < parts)
		return;
	const body = fields(pdml, 'gsm_sms_ud.short_msg').filter((f) => f.title.startsWith('Short Message body'));
	if (body.length) {
		same(`joined octets for ${row.destination}`, body[0].value || body[0].show.replace(/:/g, ''),
			Buffer.concat(joined.get(key)).toString('hex'));
		whole++;
	}
}

function compare(pdml, row) {
	const octets = Buffer.from(row.short_message, 'hex'), where = `submit_sm to ${row.destination}`;
	same(`${where}, destination`, first(pdml, 'smpp.destination_addr').show, row.destination);
	same(`${where}, source`, first(pdml, 'smpp.source_addr').show, row.source);
	same(`${where}, esm_class`, parseInt(first(pdml, 'smpp.esm.submit.features').whole, 16), row.esm_class);
	same(`${where}, data_coding`, parseInt(first(pdml, 'smpp.data_coding').value, 16), row.data_coding);
	same(`${where}, protocol_id`, parseInt(first(pdml, 'smpp.protocol_id').value, 16), row.protocol_id);
	same(`${where}, sm_length`, first(pdml, 'smpp.sm_length').show, octets.length);
	if (octets.length)
		same(`${where}, octets`, first(pdml, 'smpp.message').value, row.short_message);
	same(`${where}, parameters`, fields(pdml, 'smpp.opt_param_tag').map((f) => '0x' + f.value),
		Object.keys(row.tlvs));
	if (row.esm_class & 0x40)
		compareHeader(pdml, row, octets);
}

const pdus = fs.readFileSync(0, 'latin1').split('<proto name="smpp"').slice(1)
	.filter((pdml) => /value="00000004"/.test((pdml.match(/<field name="smpp.command_id"[^>]*>/) || [''])[0]));
const rows = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n').map(JSON.parse);
same('submit_sm in the capture', pdus.length, rows.length);
pdus.forEach((pdml, i) => compare(pdml, rows[i]));
process.stdout.write(`${pdus.length} submit_sm, ${headers} headers, ${whole} joined\n`);
