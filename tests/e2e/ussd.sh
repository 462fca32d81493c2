#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ussd.sh - dialogues over USSD, served by SQL alone: what an application would run again
# and again is one INSERT ... SELECT, as docs/ussd.md has it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The statement of that name in docs/ussd.md, in the engine's words.
doc() { # NAME
	local statement
	statement=$(awk -v name="-- $1" '{ sub(/^ +/, "") } /^```/ { on = 0 } on { print } $0 == name { on = 1 }' \
		docs/ussd.md)
	[ -n "$statement" ] || fail "docs/ussd.md has no statement $1"
	[ "$ENGINE" != pgsql ] ||
		statement=${statement//"json_set(u.reply, '$.ussd.op', 'response')"/"jsonb_set(u.reply, '{ussd,op}', '\"response\"')"}
	[ "$ENGINE" != pgsql ] ||
		statement=${statement//"json_extract(i.options, '$.balance')"/"i.options->>'balance'"}
	[ "$ENGINE" != mysql ] ||
		statement=${statement//'ON CONFLICT DO NOTHING'/'ON DUPLICATE KEY UPDATE ref = outbox.ref'}
	sql "$statement"
}

# Answers every handset that waits: two questions, then the last word.
serve() { doc ask && doc finish; }

serve_until() { # SECONDS EXPECTED QUERY
	local deadline=$((SECONDS + $1)) found= looks=0
	until serve && found=$(sql "$3") && [ "$found" = "$2" ]; do
		[ "$SECONDS" -lt "$deadline" ] || fail "in vain awaited \"$2\", found \"$found\": $3"
		doze $((++looks))
	done
}

ended() { echo "SELECT count(*) FROM ussd WHERE status = 'ended'"; }

dialogue() { # COLUMNS: of the newest
	sql "SELECT $1 FROM ussd ORDER BY id DESC LIMIT 1"
}

# What the centre saw, once it has ended: DIALOGUES TURNS ENDED.
expect_seen() {
	expect "dialogues" "$(sim_count sim ussd_dialogues)" "$1"
	expect "turns" "$(sim_count sim ussd_turns)" "$2"
	expect "ended dialogues" "$(sim_count sim ussd_ended)" "$3"
	expect "turns of another session or sequence" "$(sim_count sim ussd_wrong)" 0
	expect "doubles" "$(sim_count sim doubles)" 0
}

twenty_handsets_dial_and_are_answered_by_one_statement() {
	sim_start sim --ussd 20 --ussd-input 2,50
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	serve_until 30 20 "$(ended)"
	gateway_stop
	sim_stop sim
	expect_seen 20 120 20
	expect "dialogues of six turns" 20 "$(sql "SELECT count(*) FROM ussd WHERE turns = 6 AND
		reason = 'our last word' AND reply IS NULL AND code = '*123#' AND link = 'main'")"
	expect "sessions" 20 "$(sql "SELECT count(DISTINCT session) FROM ussd")"
	expect "rows that ended otherwise" 60 "$(count_rows "kind = 'ussd' AND status = 'sent' AND attempts = 1")"
	expect "last words" 20 "$(count_rows "body = 'Thank you for 50'")"
	expect "rows of the handsets" 60 "$(sql "SELECT count(*) FROM inbox WHERE kind = 'ussd' AND dup_of IS NULL")"
	expect "receipts" "$(sim_count sim receipts_sent)" 0
}

without_sessions_the_handset_alone_names_the_dialogue() {
	sim_start sim --ussd 5 --ussd-input 2,50 --ussd-sessions none
	smpp_link main "${PORT[sim]}" 'ussd_session = none window = 50' | conf
	ctl init
	gateway_up
	serve_until 30 5 "$(ended)"
	gateway_stop
	sim_stop sim
	expect_seen 5 30 5
	expect "dialogues without a session" 5 "$(sql "SELECT count(*) FROM ussd WHERE session = -1 AND turns = 6")"
}

a_notice_is_confirmed_and_a_question_is_answered() {
	sim_start sim --ussd-input yes
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	doc notice
	await_sql 20 "ended|2|confirm" "SELECT status || '|' || turns || '|' || last_op FROM ussd"
	doc question
	await_sql 20 "open|2|answer|yes" "SELECT u.status || '|' || u.turns || '|' || u.last_op || '|' || i.body
		FROM ussd u JOIN inbox i ON i.id = u.inbox_id WHERE u.msisdn LIKE '%002'"
	expect "who waits" "$(doc waiting | tr '\t' '|' | cut -d'|' -f2-)" "+447700901002|2|yes"
	sql "UPDATE ussd SET turns = 5 WHERE status = 'open'"
	doc finish
	await_sql 20 "ended|6|our last word" "SELECT status || '|' || turns || '|' || reason
		FROM ussd WHERE msisdn LIKE '%002'"
	gateway_stop
	sim_stop sim
	expect_seen 2 5 2
}

a_handset_that_releases_ends_its_dialogue() {
	sim_start sim --ussd 3 --ussd-release 2
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	serve_until 30 3 "$(ended)"
	gateway_stop
	sim_stop sim
	expect_seen 3 15 3
	expect "released dialogues" 3 "$(sql "SELECT count(*) FROM ussd WHERE reason = 'released by the network'
		AND turns = 5 AND reply IS NULL")"
}

a_turn_that_fails_ends_the_dialogue_and_is_not_sent_again() {
	sim_start sim --ussd 1 --error 0x14:1
	smpp_link main "${PORT[sim]}" 'window = 50 status = {"0x14 = retry"}' | conf
	ctl init
	gateway_up
	serve_until 30 1 "$(ended)"
	expect "the reason" "$(dialogue "substr(reason, 1, 50)")" "our turn failed: not taken, and too late to try ag"
	await_statuses 10 "failed=1"
	expect "attempts" "$(sql "SELECT attempts FROM outbox")" 1
	sql "INSERT INTO outbox (kind, link, recipient, sender, body, options) VALUES ('ussd', 'main', '+447700901009',
	     '*123#', '$(printf 'x%.0s' {1..183})', '{\"ussd\": {\"op\": \"request\"}}')"
	await_statuses 10 "failed=2"
	expect "why" "$(sql "SELECT error_text FROM outbox ORDER BY id DESC LIMIT 1")" \
		"body is too long: it needs 183 characters in GSM 7-bit, and USSD has 182 in GSM 7-bit, 80 in UCS-2, and no parts"
	gateway_stop
	sim_stop sim
	expect "submits" "$(sim_count sim submits)" 1
}

# The centre keeps the dialogue; the answer was written while nobody could send it.
a_gateway_that_starts_anew_in_the_middle_goes_on() {
	sim_start sim --ussd 1 --ussd-input 2,50
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	await_sql 20 1 "SELECT turns FROM ussd WHERE status = 'open' AND reply IS NOT NULL"
	serve
	await_sql 20 3 "SELECT turns FROM ussd WHERE status = 'open' AND reply IS NOT NULL"
	gateway_stop
	expect "the dialogue" "$(dialogue "status || '|' || turns")" "open|3"
	serve
	expect "the answer" "$(statuses)" "queued=1 sent=1"
	gateway_up
	await_sql 20 5 "SELECT turns FROM ussd WHERE status = 'open' AND reply IS NOT NULL"
	gateway_kill
	serve
	gateway_up
	serve_until 20 1 "$(ended)"
	gateway_stop
	sim_stop sim
	expect_seen 1 6 1
	expect "the dialogue" "$(dialogue "turns || '|' || reason")" "6|our last word"
}

# It left, and the connection broke: whoever might resend it must not, whatever the row says.
a_turn_in_doubt_stays_in_doubt() {
	sim_start sim --ussd 1 --drop-responses 1
	smpp_link main "${PORT[sim]}" 'window = 50 response_timeout = 1' | conf 'in_doubt = resend'
	ctl init
	gateway_up
	await_sql 20 1 "SELECT count(*) FROM ussd WHERE reply IS NOT NULL"
	sql "INSERT INTO outbox (kind, in_doubt, link, recipient, sender, body, options)
	     SELECT 'ussd', 'resend', link, msisdn, code, '1 Balance', reply FROM ussd"
	await_statuses 20 "doubtful=1"
	gateway_stop
	sim_stop sim
	expect_seen 1 3 0
	expect "the dialogue" "$(dialogue "status || '|' || turns || '|' || last_op")" "open|3|answer"
}

# What the npm package reads of our turns, and we of its.
a_foreign_handset_is_served_and_reads_the_same() {
	[ -d "$TOP/build/peers/node_modules/smpp" ] || fail "the npm package smpp could not be installed: make check says why"
	NODE_PATH=$TOP/build/peers/node_modules node tests/peers/ussd.js 2 50 >"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await 20 "the peer is READY" started peer
	PORT[peer]=$(sed -n 's/^READY smpp=//p' "$DIR/peer.out")
	smpp_link main "${PORT[peer]}" | conf
	ctl init
	capture_start peer
	gateway_up
	serve_until 30 1 "$(ended)"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	capture_end
	expect "turns that tshark dissected" "$(frames 'smpp.command_id == 4 and smpp.ussd_service_op == 2')" 2
	expect "what the peer read" "$(tail -n 1 "$DIR/peer.out")" \
		'{"turns":["2 1 Balance 2 Top up","2 How much?","17 Thank you for 50"],"ended":true,"problems":[]}'
	expect "the dialogue" "$(dialogue "session || '|' || turns || '|' || reason")" "42|6|our last word"
}

# Over a modem we are the handset. SCRIPT is what the network says.

modem_up() { # SCRIPT [KEYS]
	echo "$1" >"$DIR/script"
	sim_start sim --modem "$DIR/modem" --modem-script "$DIR/script"
	conf 'in_doubt = resend' <<-END
	link "main" {
	  driver = modem device = "$DIR/modem" state = "$DIR" recovery_wait = 0.02
	  reconnect_min = 0.02 reconnect_max = 1 ${2-}
	}
	END
	ctl init
	gateway_up
}

# Codes and answers that the network got, one a word.
network_got() { sed -n 's/^ussd [^ ]* //p' "$DIR/sim.record" | paste -sd' '; }

the_statements_for_a_modem_dial_read_choose_and_cancel() {
	modem_up 'set ussd_delay 1
	ussd *100# 1 "1 Balance 2 Top up"
	ussd *100#>2 1 "How much?"'
	doc dial
	await_sql 20 1 "SELECT count(*) FROM inbox"
	expect "what was said" "$(doc said | tr '\t' '|')" "credit-1|main|1|1 Balance 2 Top up"
	sql "UPDATE inbox SET taken_at = received_at"
	expect "the dialogue" "$(dialogue "status || '|' || turns || '|' || last_op || '|' || msisdn")" "open|2|request|*100#"
	doc choose
	doc choose                      # before the network has answered, it changes nothing
	await_sql 20 2 "SELECT count(*) FROM inbox"
	expect "what was said then" "$(doc said | tr '\t' '|')" "ussd-1|main|2|How much?"
	doc cancel
	await_sql 20 "ended|5|our last word" "SELECT status || '|' || turns || '|' || reason FROM ussd"
	await_statuses 10 "sent=3"
	gateway_stop
	sim_stop sim
	expect "what the network got" "$(network_got)" "*100# 2 cancelled"
	expect "rows of inbox" "$(sql "SELECT count(*) FROM inbox")" 2
}

what_a_modem_did_not_hear_is_said_by_its_dialogue() {
	modem_up 'set ussd_delay 3600' 'ussd_timeout = 1'
	doc dial
	await_sql 20 1 "$(ended)"
	expect "what was missed" "$(doc missed | tr '\t' '|')" "credit-1|no answer of the network in 1 seconds"
	expect "rows of inbox" "$(sql "SELECT count(*) FROM inbox")" 0
	await_statuses 10 "sent=1"
	gateway_stop
	sim_stop sim
	expect "what the network got" "$(network_got)" "*100# cancelled"
}

the_balance_of_a_modem_comes_by_itself() {
	modem_up 'ussd *111# 0 "Balance: 10.50"' 'balance = "*111#"'
	await_sql 20 1 "SELECT count(*) FROM inbox"
	expect "the balance" "$(doc balance | tr '\t' '|' | cut -d'|' -f1,3)" "main|Balance: 10.50"
	expect "rows that it belongs to" "$(sql "SELECT count(*) FROM inbox WHERE outbox_id IS NOT NULL")" 0
	expect "dialogues" "$(sql "SELECT count(*) FROM ussd")" 0
	gateway_stop
	sim_stop sim
	! grep -q '10\.50' "$DIR/smsqld.log" || fail "the log has the text"
}

# The network has the code, and nobody heard the modem's OK.
a_code_that_was_out_when_the_gateway_died_is_not_dialled_again() {
	modem_up 'on AT+CUSD=1,: lines; wait 60'
	doc dial
	await 20 "the network has it" grep -q '^ussd ' "$DIR/sim.record"
	gateway_kill
	gateway_up
	await_statuses 20 "doubtful=1"
	gateway_stop
	sim_stop sim
	expect "what the network got" "$(network_got)" "*100#"
}

on_all twenty_handsets_dial_and_are_answered_by_one_statement \
	a_notice_is_confirmed_and_a_question_is_answered \
	a_gateway_that_starts_anew_in_the_middle_goes_on \
	the_statements_for_a_modem_dial_read_choose_and_cancel \
	a_code_that_was_out_when_the_gateway_died_is_not_dialled_again
on_both without_sessions_the_handset_alone_names_the_dialogue \
	a_handset_that_releases_ends_its_dialogue \
	a_turn_that_fails_ends_the_dialogue_and_is_not_sent_again \
	a_turn_in_doubt_stays_in_doubt
on_one sqlite what_a_modem_did_not_hear_is_said_by_its_dialogue the_balance_of_a_modem_comes_by_itself \
	a_foreign_handset_is_served_and_reads_the_same
finish
