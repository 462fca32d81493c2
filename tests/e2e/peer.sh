#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# peer.sh - against octets that others make and read: message centres of the npm package
# `smpp` and of Perl's Net::SMPP, one of UCP (of CIMD2: cimd2.sh), and tshark's dissector over a capture of a whole run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

insert_texts() {
	local long wide
	long=$(printf 'part of a long text, number %d; ' {1..14})
	wide=$(printf 'длинный текст 😀 %d; ' {1..12})
	sql "INSERT INTO outbox (recipient, body, sender) VALUES
	     ('+36201000001', 'Hello @£\$ [€]', 'Shop'), ('+36201000002', 'Szia, привет, 你好 😀', '12345'),
	     ('+36201000003', '$long', 'Shop'), ('+36201000004', '$wide', '+36301234567')"
}

# recipient TAB text of each message, as the peer decoded it, and as the rows say.
compare_texts() {
	tail -1 "$DIR/peer.out" >"$DIR/peer.json"
	node -e 'const saw = JSON.parse(require("fs").readFileSync(process.argv[1]));
		if (saw.problems.length || saw.doubles || saw.incomplete) throw JSON.stringify(saw.problems);
		for (const m of saw.messages) console.log(m.recipient.replace("+", "") + "\t" + m.text)' \
		"$DIR/peer.json" | sort >"$DIR/peer.texts"
	sql "SELECT ltrim(recipient, '+') || '	' || body FROM outbox" | sort >"$DIR/our.texts"
	diff "$DIR/our.texts" "$DIR/peer.texts" || fail "the peer decoded other texts"
	node -e 'const saw = JSON.parse(require("fs").readFileSync(process.argv[1]));
		for (const m of saw.inbound) console.log(m.text)' "$DIR/peer.json" | sort >"$DIR/peer.inbound"
	sql "SELECT body FROM inbox" | sort | diff "$DIR/peer.inbound" - || fail "inbox has other texts"
}

with_the_peer_bound_as() { # BIND [START]
	"${2:-peer_start}" --account shop:secret --inbound-count 4
	smpp_link main "${PORT[peer]}" "bind = $1 password = \"secret\" enquire_link = 1" | conf
	ctl init
	gateway_up
	insert_texts
	await_statuses 20 delivered=4
	await_sql 20 4 "SELECT count(*) FROM inbox"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	compare_texts
}

a_foreign_centre_gets_every_text_as_written_over_one_connection() {
	with_the_peer_bound_as transceiver
}

a_foreign_centre_gets_every_text_as_written_over_two_connections() {
	with_the_peer_bound_as transmitter_receiver
}

a_centre_in_perl_gets_every_text_as_written_over_one_connection() {
	with_the_peer_bound_as transceiver perl_start
}

a_centre_in_perl_gets_every_text_as_written_over_two_connections() {
	with_the_peer_bound_as transmitter_receiver perl_start
}

a_centre_in_perl_refuses_a_wrong_password_and_serves_a_transmitter() {
	perl_start --account shop:secret
	{
		smpp_link bad "${PORT[peer]}" 'password = "wrong"'
		smpp_link good "${PORT[peer]}" 'bind = transmitter password = "secret"'
	} | conf
	ctl init
	gateway_up 1
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000001', 'one way')"
	await_statuses 20 sent=1
	expect "reason" "$(sql "SELECT count(*) FROM link WHERE name = 'bad' AND reason LIKE '%ESME_RBINDFAIL%password%'")" 1
	gateway_stop
}


# No centre of UCP is to be had from others: this one at least knows nothing of our codec.
a_ucp_centre_in_perl_gets_every_text_as_written() {
	perl_ucp_start --inbound-count 4
	ucp_link main "${PORT[peer]}" 'window = 5 keepalive = 1 alert = on' | conf
	ctl init
	gateway_up
	insert_texts
	await_statuses 20 delivered=4
	await_sql 20 4 "SELECT count(*) FROM inbox WHERE sender = '+447700900001' AND recipient = '12345'"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	compare_texts
	expect "senders" "$(node -e 'const saw = JSON.parse(require("fs").readFileSync(process.argv[1]));
		console.log([...new Set(saw.messages.map(m => m.sender))].sort().join(" "), saw.enquiries > 0)' "$DIR/peer.json")" \
		"+36301234567 12345 Shop true"
}

# It calls us; tshark reads along.
a_foreign_centre_that_calls_by_outbind_is_served() {
	port_choose
	PORT[sim]=$AWAITED
	capture_start sim
	peer_start --account shop:secret --inbound-count 4 --outbind "127.0.0.1:$AWAITED" --outbind-as centre:wakeup
	PORT[sim]=$AWAITED
	listen_link main 'outbind_bind = transceiver password = "secret" enquire_link = 1' | conf
	ctl init
	gateway_start
	insert_texts
	await_statuses 20 delivered=4
	await_sql 20 4 "SELECT count(*) FROM inbox"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	compare_texts
	capture_end
	expect "outbinds that tshark dissected" "$(frames 'smpp.command_id == 0x0000000b')" 1
}

tshark_finds_no_malformed_pdu_in_a_whole_run() {
	sim_start sim --inbound 20 --inbound-count 20
	smpp_link main "${PORT[sim]}" 'enquire_link = 1' | conf
	ctl init
	capture_start sim
	gateway_up
	insert_texts
	insert_many 200 'recipient, body' "'+3620' || (2000000 + i), 'captured ' || i"
	await_statuses 20 delivered=204
	await_sql 20 20 "SELECT count(*) FROM inbox"
	gateway_stop
	sim_stop sim
	capture_end
	local submits delivers
	submits=$(tshark -r "$DIR/run.pcapng" -d "tcp.port==${PORT[sim]},smpp" -Y smpp -T fields \
		-e smpp.command_id -E occurrence=a -E aggregator=/s 2>/dev/null | tr ' ,' '\n\n' | grep -c '^0x0*4$')
	delivers=$(frames 'smpp.command_id == 5')
	expect "submit_sm that tshark dissected" "$submits" "$(sim_count sim submits)"
	expect_at_least "frames with a deliver_sm" "$delivers" 1
	note "$(frames smpp) frames, $submits submit_sm"
}

a_foreign_centre_takes_messages_to_several_and_data_sm_and_tshark_reads_them() {
	peer_start --fail 36201000005
	smpp_link main "${PORT[peer]}" | conf
	ctl init
	capture_start peer
	gateway_up
	sql "INSERT INTO outbox (recipient, body, sender, options) VALUES
	     ('+36201000001', 'Hello @£\$ [€]', 'Shop', '{\"recipients\": [\"+36201000002\", \"+36201000005\"]}'),
	     ('+36201000003', '$(printf 'длинный текст 😀 %d; ' {1..12})', 'Shop', '{\"recipients\": [\"+36201000004\"], \"lists\": [\"STAFF\"]}'),
	     ('+36201000006', 'Szia, 你好 😀', 'Shop', '{\"operation\": \"data_sm\", \"validity\": 60}')"
	await_statuses 20 "delivered=1 undelivered=2"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	tail -1 "$DIR/peer.out" >"$DIR/peer.json"
	node -e 'const saw = JSON.parse(require("fs").readFileSync(process.argv[1]));
		if (saw.problems.length || saw.doubles || saw.incomplete) throw JSON.stringify(saw.problems);
		console.log(saw.multis + " " + saw.datas);
		for (const m of saw.messages) console.log(m.recipient + "\t" + m.text)' "$DIR/peer.json" >"$DIR/peer.texts"
	expect "submit_multi and data_sm that it saw" "$(head -1 "$DIR/peer.texts")" \
		"$((1 + $(sql "SELECT count(DISTINCT part) FROM outbox_part WHERE outbox_id = 2"))) 1"
	sql "SELECT CASE coalesce(p.recipient, '') WHEN '' THEN substr(o.recipient, 2) ELSE substr(p.recipient, 2) END || '	' || o.body
	     FROM outbox o LEFT JOIN outbox_part p ON p.outbox_id = o.id AND p.part = 1
	     WHERE coalesce(p.status, 'sent') <> 'failed'" | sort >"$DIR/our.texts"
	tail -n +2 "$DIR/peer.texts" | sort | diff "$DIR/our.texts" - || fail "the peer decoded other texts"
	expect "refused" "$(sql "SELECT count(*) FROM outbox_part WHERE status = 'failed' AND (recipient = 'STAFF' AND
		error_code = 52 OR recipient = '+36201000005' AND error_code = 11)")" "$(($(sed -n '1s/ .*//p' "$DIR/peer.texts")))"
	capture_end
	expect_at_least "frames with a submit_multi" "$(frames 'smpp.command_id == 0x21')" 1
	expect "frames with a data_sm" "$(frames 'smpp.command_id == 0x103')" 1
}

on_both a_foreign_centre_gets_every_text_as_written_over_one_connection
on_one sqlite a_foreign_centre_gets_every_text_as_written_over_two_connections \
	a_centre_in_perl_gets_every_text_as_written_over_one_connection
on_one pgsql a_centre_in_perl_gets_every_text_as_written_over_two_connections
on_all a_ucp_centre_in_perl_gets_every_text_as_written
on_one sqlite a_centre_in_perl_refuses_a_wrong_password_and_serves_a_transmitter
on_one sqlite a_foreign_centre_takes_messages_to_several_and_data_sm_and_tshark_reads_them \
	a_foreign_centre_that_calls_by_outbind_is_served tshark_finds_no_malformed_pdu_in_a_whole_run
finish
