// SPDX-License-Identifier: Apache-2.0
//
// tls-front.js - ends TLS before a message centre that has none: octets go on to PORT.
//
//     node tests/peers/tls-front.js CERTIFICATE PORT     (CERTIFICATE.pem, CERTIFICATE.key)
//
// Prints "READY tls=PORT".
'use strict';
const fs = require('fs'), net = require('net'), tls = require('tls');
const [certificate, port] = process.argv.slice(2);

const front = tls.createServer({ cert: fs.readFileSync(`${certificate}.pem`), key: fs.readFileSync(`${certificate}.key`) },
	client => {
		const centre = net.connect(Number(port), '127.0.0.1');
		client.pipe(centre).pipe(client);
		client.on('error', () => centre.destroy());
		centre.on('error', () => client.destroy());
	});
front.on('tlsClientError', () => {});
front.listen(0, '127.0.0.1', () => console.log(`READY tls=${front.address().port}`));
