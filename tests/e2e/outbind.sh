#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# outbind.sh - message centres that connect to us, and news of handsets.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

calls() { echo "--outbind 127.0.0.1:$AWAITED,centre,wakeup"; }

# All that comes in comes by outbind, since our own bind only sends.
receipts_and_messages_come_over_an_outbind() {
	port_choose
	# shellcheck disable=SC2046
	sim_start sim $(calls) --inbound-count 60 --inbound-text "held for you %d"
	smpp_link main "${PORT[sim]}" "window = 20 bind = transmitter $(listening)" | conf
	ctl init
	gateway_up
	insert_many 100 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=100
	await_sql 20 60 "SELECT count(*) FROM inbox WHERE body LIKE 'held for you %' AND link = 'main'"
	await_log 1 'event=outbind peer=127.0.0.1:'
	gateway_stop
	sim_stop sim
	expect "outbinds" "$(sim_count sim outbinds)" 1
	expect "binds" "$(sim_count sim binds)" 2
	expect "messages acknowledged" "$(sim_count sim inbound_acked)" 60
	expect "receipts acknowledged" "$(sim_count sim receipts_acked)" 100
	expect "sessions that were logged out of" "$(grep -c 'event=unbound' "$DIR/sim.log")" 2
}

# A link without a host lives on outbinds alone, and both sides may begin anew.
each_side_may_go_and_come_back() {
	port_choose
	listen_link main 'window = 20 outbind_bind = transceiver' | conf
	ctl init
	gateway_start
	await_sql 20 connecting "SELECT state FROM link WHERE reason LIKE 'awaiting outbind at 127.0.0.1:$AWAITED%'"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234500', 'waits for the centre')"
	# shellcheck disable=SC2046
	sim_start one $(calls) --inbound-count 10
	await_statuses 20 delivered=1
	await_sql 20 10 "SELECT count(*) FROM inbox"
	await_sql 10 up "SELECT state FROM link"
	sim_stop one
	await_sql 10 connecting "SELECT state FROM link WHERE reason LIKE 'awaiting outbind at 127.0.0.1:$AWAITED; %'"
	insert_many 50 'recipient, body' "'+3620' || (1000000 + i), 'while it is away ' || i"
	# shellcheck disable=SC2046
	sim_start two $(calls) --seed 2 --inbound-count 10
	await_statuses 20 delivered=51
	await_sql 20 20 "SELECT count(*) FROM inbox"
	gateway_stop
	insert_many 50 'recipient, body' "'+3621' || (1000000 + i), 'while we are away ' || i"
	gateway_start
	await_statuses 20 delivered=101
	gateway_stop
	sim_stop two
	expect_at_least "outbinds of the second centre" "$(sim_count two outbinds)" 2
	expect "doubles" "$(sim_count one doubles)$(sim_count two doubles)" 00
	! grep -q event=down "$DIR/smsqld.log" || fail "the link went down, and with it the door"
}

who_is_not_known_is_not_let_in() {
	port_choose
	listen_link main | conf
	ctl init
	gateway_start
	# shellcheck disable=SC2046
	sim_start stranger $(calls) --outbind-wrong-password --inbound-count 10
	await_log 20 'event=outbind_refused peer=127.0.0.1:[0-9]+ reason="wrong password"'
	await 20 "an eleventh call" eval "sim_report stranger; [ \"\$(sim_count stranger outbinds)\" -ge 12 ]"
	expect "lines of the log about it" "$(grep -c event=outbind_refused "$DIR/smsqld.log")" 10
	expect "messages" "$(sql "SELECT count(*) FROM inbox")" 0
	expect "state" "$(sql "SELECT state FROM link")" connecting
	gateway_stop
	sim_stop stranger
	listen_link main | sed 's,127.0.0.0/8,192.0.2.0/24,' | conf
	# shellcheck disable=SC2046
	sim_start elsewhere $(calls) --inbound-count 10
	gateway_start
	await_log 20 'event=outbind_refused peer=127.0.0.1:[0-9]+ reason="its address is not in listen_from"'
	expect "messages" "$(sql "SELECT count(*) FROM inbox")" 0
	gateway_stop
}

a_second_link_at_the_same_address_is_refused() {
	AWAITED=2775
	{ listen_link main; listen_link other | sed 's/127.0.0.1:2775/2775/'; } | conf
	"$B/smsqld" -t -c "$DIR/smsqld.conf" >"$DIR/said" 2>&1 && fail "two doors at one address are taken"
	local lines
	lines=($(grep -n 'listen = ' "$DIR/smsqld.conf" | cut -d: -f1))
	expect "what it says" "$(cat "$DIR/said")" "$DIR/smsqld.conf:${lines[1]}: link \"other\": listen = 2775: \
it is taken by $DIR/smsqld.conf:${lines[0]}: link \"main\": listen = 127.0.0.1:2775; give one of them another port"
	{ listen_link main; listen_link other | sed 's/127.0.0.1:2775/127.0.0.2:2775/'; } | conf
	"$B/smsqld" -t -c "$DIR/smsqld.conf"
}

an_address_that_another_program_has_is_said() {
	port_choose
	listen_link main | conf
	ctl init
	gateway_start
	await_log 20 'event=listening'
	cp -p "$DIR/smsqld.conf" "$DIR/second.conf"
	sed -i 's/name = "gw1"/name = "gw2"/' "$DIR/second.conf"
	"$B/smsqld" -c "$DIR/second.conf" >"$DIR/second.log" 2>&1 &
	PID[second]=$!
	await_sql 20 1 "SELECT count(*) FROM link WHERE state = 'connecting' AND reason LIKE
		'cannot listen at 127.0.0.1:$AWAITED: Address already in use%'"
	# shellcheck disable=SC2046
	sim_start sim $(calls) --inbound-count 3
	await_sql 20 3 "SELECT count(*) FROM inbox"
	gateway_stop
}

listening_for_anybody_is_refused() {
	AWAITED=2775
	listen_link main | sed 's/listen_from = {"127.0.0.0\/8"}//' | conf
	ctl init 2>"$DIR/said" && fail "listen without listen_from is taken"
	grep -q 'listen needs listen_from' "$DIR/said" || fail "it says $(cat "$DIR/said")"
}

# set_dpf asks for it, the receipt promises it, and it comes as a row.
a_handset_that_is_back_is_a_row_of_the_inbox() {
	sim_start sim --undeliverable 36201234501 --alerts 2
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body, sender, options)
	     VALUES ('+36201234501', 'are you there?', '88100', '{\"tlvs\": {\"set_dpf\": 1}}')"
	await_statuses 20 undelivered=1
	expect "reason" "$(sql "SELECT count(*) FROM outbox WHERE error_text LIKE '%an alert is to come%'")" 1
	await_sql 20 1 "SELECT count(*) FROM inbox WHERE kind = 'alert' AND sender = '+36201234501' AND
		recipient = '88100' AND body IS NULL AND encoding IS NULL AND
		options = '{\"availability\":\"available\",\"tlvs\":{\"ms_availability_status\":0}}'"
	await_sql 20 3 "SELECT count(*) FROM inbox WHERE kind = 'alert'"
	gateway_stop
	sim_stop sim
	expect "alerts" "$(sim_count sim alerts_sent)" 3
	expect "answers to them" "$(sim_count sim stray_responses)" 0
}

# Bound or not, the old session shuts the door before the new one opens it.
a_reload_opens_the_door_anew() {
	port_choose
	listen_link main | sed 's/wakeup/another/' | conf
	ctl init
	gateway_start
	# shellcheck disable=SC2046
	sim_start sim $(calls) --inbound-count 5
	await_log 20 'event=outbind_refused peer=127.0.0.1:[0-9]+ reason="wrong password"'
	listen_link main | conf
	kill -HUP "${PID[gateway]}"
	await_sql 20 5 "SELECT count(*) FROM inbox"
	await_sql 20 up "SELECT state FROM link"
	listen_link main 'window = 3' | conf
	kill -HUP "${PID[gateway]}"
	await 20 "a second bind" eval "sim_report sim; [ \"\$(sim_count sim binds)\" -ge 2 ]"
	await_sql 20 up "SELECT state FROM link"
	gateway_stop
	! grep -q 'cannot listen' "$DIR/smsqld.log" || fail "the door was still held"
}

# A centre that forgets who is quiet.
a_quiet_bind_is_made_anew() {
	sim_start sim
	smpp_link main "${PORT[sim]}" 'inactivity = 1 enquire_link = 1' | conf
	ctl init
	gateway_up
	await_log 20 'event=rebinding reason="no message either way for 1 s'
	await 20 "a third bind" eval "sim_report sim; [ \"\$(sim_count sim binds)\" -ge 3 ]"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'still there')"
	await_statuses 20 delivered=1
	gateway_stop
	! grep -q event=down "$DIR/smsqld.log" || fail "the link went down"
}

on_both receipts_and_messages_come_over_an_outbind each_side_may_go_and_come_back \
	a_handset_that_is_back_is_a_row_of_the_inbox
on_one sqlite who_is_not_known_is_not_let_in a_second_link_at_the_same_address_is_refused \
	an_address_that_another_program_has_is_said \
	listening_for_anybody_is_refused a_reload_opens_the_door_anew a_quiet_bind_is_made_anew
finish
