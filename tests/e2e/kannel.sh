#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kannel.sh - Kannel as a client of smsc-sim. The gateway and the simulator share what reads and
# writes UCP, CIMD2 and TPDUs; here somebody else's client submits, gets receipts, and sends back each
# message from a handset as it understood it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

the_centre() { # KIND PORT
	cat <<-END
	smsc = $1
	host = 127.0.0.1
	port = $2
	smsc-username = shop
	smsc-password = secret
	keepalive = 1
	window = 10
	END
}

the_modem() { # DEVICE
	cat <<-END
	smsc = at
	device = $1
	speed = 115200
	modemtype = plain
	sim-buffering = true
	my-number = 12345

	group = modems
	id = plain
	name = plain
	END
}

kannel_conf() { # GROUP: what of smsc there is to say, in kannel.conf; ports are in $ADMIN, $BOX and $HTTP
	local name
	for name in ADMIN BOX HTTP; do port_choose; printf -v $name %s "$AWAITED"; done
	cat >"$DIR/kannel.conf" <<-END
	group = core
	admin-port = $ADMIN
	admin-interface = 127.0.0.1
	admin-password = open
	smsbox-port = $BOX
	smsbox-interface = 127.0.0.1
	box-allow-ip = "127.0.0.1"
	dlr-storage = internal

	group = smsc
	smsc-id = sim
	$1

	group = smsbox
	bearerbox-host = 127.0.0.1
	sendsms-port = $HTTP
	sendsms-interface = 127.0.0.1

	group = sendsms-user
	username = tester
	password = tester
	concatenation = true
	max-messages = 10

	group = sms-service
	keyword = default
	catch-all = true
	text = "%k %s"
	max-messages = 1
	concatenation = true
	END
}

sent_by_http() { # FIELDS of a URL
	node -e 'require("http").get(process.argv[1], { timeout: 10000 }, r => process.exit(r.statusCode === 202 ? 0 : 1))
			.on("timeout", () => process.exit(1)).on("error", () => process.exit(1))' \
		"http://127.0.0.1:$HTTP/cgi-bin/sendsms?username=tester&password=tester&dlr-mask=3&dlr-url=http://127.0.0.1:1/&$1"
}

accepted() { # COUNT at least
	sim_report sim
	[ "$(sim_count sim accepted)" -ge "$1" ] && [ "$(sim_count sim receipts_acked)" -ge 4 ]
}

# sender recipient text, of whole messages.
texts_at_centre() {
	node -e '
		const fs = require("fs"), whole = {};
		for (const line of fs.readFileSync(process.argv[1], "utf8").trim().split("\n")) {
			const at = JSON.parse(line), octets = Buffer.from(at.short_message, "hex");
			const header = at.esm_class & 0x40 ? octets[0] + 1 : 0;
			const key = at.source + " " + at.destination + " " + (header ? octets[3] : line);
			const body = octets.subarray(header);
			(whole[key] = whole[key] || [])[header ? octets[5] - 1 : 0] =
				at.data_coding === 8 ? Buffer.from(body).swap16().toString("utf16le") :
				at.data_coding === 0 ? body.toString("latin1") : body.toString("hex");
		}
		for (const key in whole) console.log(key.split(" ").slice(0, 2).join(" ") + " " + whole[key].join("").trim());' "$1" | sort
}

kannel_is_served_over() { # PROTOCOL KIND
	local long words
	sim_start sim "--$1" 0 --account shop:secret --inbound-count 4 --inbound-long 2 --inbound-from 4477009000%d --record-json "$DIR/sim.kept"
	kannel_conf "$(the_centre "$2" "${PORT[sim.$1]}")"
	kannel_start bearerbox sbin/bearerbox "$DIR/kannel.conf"
	await 20 "the box is up" eval "(exec 3<>/dev/tcp/127.0.0.1/$BOX)"
	kannel_start smsbox sbin/smsbox "$DIR/kannel.conf"
	await 20 "a message goes out" sent_by_http 'from=Shop&to=%2B36201000001&text=Hello+again'
	long=$(printf 'word+%.0s' {1..60})
	words=$(printf 'word %.0s' {1..60})
	sent_by_http 'from=12345&to=36201000002&coding=2&text=%04%3F%04%40'
	sent_by_http "from=12345&to=36201000003&text=$long"
	sent_by_http 'from=12345&to=36201000004&coding=1&udh=%06%05%04%15%81%15%81&text=%00%01%7F%80%FF'
	await 20 "nine parts at the centre, and four receipts acknowledged" accepted 9
	process_kill smsbox
	process_kill bearerbox
	sim_stop sim
	texts_at_centre "$DIR/sim.kept" >"$DIR/sim.texts"
	diff "$DIR/sim.texts" - <<-END || fail "other texts arrived"
	12345 36201000002 пр
	12345 36201000003 ${words% }
	12345 36201000004 00017f80ff
	12345 44770090001 inbound 1
	12345 44770090002 inbound 2inbound
	12345 44770090003 inbound 3
	12345 44770090004 inbound 4inbound
	Shop 36201000001 Hello again
	END
	expect "messages from handsets that it did not take" "$(sim_count sim inbound_acked)" "$(sim_count sim inbound_sent)"
	expect "malformed" "$(sim_count sim malformed)" 0
}

ucp_of_the_simulator_is_what_kannel_speaks() { kannel_is_served_over ucp emi; }
cimd2_of_the_simulator_is_what_kannel_speaks() { kannel_is_served_over cimd2 cimd2; }

# A SIM has one number, which is the sender of all; inbound messages are read from it one after another.
the_modem_of_the_simulator_is_what_kannel_speaks_to() {
	local words
	modems_start sim 1 --inbound-count 4 --inbound-long 2 --inbound-from 4477009000%d --record-json "$DIR/sim.kept"
	kannel_conf "$(the_modem "$DIR/sim1")"
	kannel_start bearerbox sbin/bearerbox "$DIR/kannel.conf"
	await 20 "the box is up" eval "(exec 3<>/dev/tcp/127.0.0.1/$BOX)"
	kannel_start smsbox sbin/smsbox "$DIR/kannel.conf"
	await 20 "a message goes out" sent_by_http 'from=Shop&to=%2B36201000001&text=Hello+again'
	words=$(printf 'word %.0s' {1..60})
	sent_by_http 'from=12345&to=36201000002&coding=2&text=%04%3F%04%40'
	sent_by_http "from=12345&to=36201000003&text=${words// /+}"
	sent_by_http 'from=12345&to=36201000004&coding=1&udh=%06%05%04%15%81%15%81&text=%00%01%7F%80%FF'
	await 60 "nine parts at the network, and four reports here" accepted 9
	process_kill smsbox
	process_kill bearerbox
	sim_stop sim
	texts_at_centre "$DIR/sim.kept" >"$DIR/sim.texts"
	diff "$DIR/sim.texts" - <<-END || fail "other texts arrived"
	 36201000001 Hello again
	 36201000002 пр
	 36201000003 ${words% }
	 36201000004 00017f80ff
	 44770090001 inbound 1
	 44770090002 inbound 2inbound
	 44770090003 inbound 3
	 44770090004 inbound 4inbound
	END
	expect "malformed" "$(sim_count sim malformed)" 0
	expect "SUBMITs that were refused" "$(sim_count sim refused)" 0
	expect "messages deleted unread" "$(sim_count sim unread)" 0
}

on_one sqlite the_modem_of_the_simulator_is_what_kannel_speaks_to ucp_of_the_simulator_is_what_kannel_speaks cimd2_of_the_simulator_is_what_kannel_speaks
finish
