#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# binds.sh - the connections of a link: several binds that share its load, hosts that
# stand in for each other.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

link_note() { sql "SELECT reason FROM link WHERE name = 'main'"; }

several_binds_share_the_load() {
	sim_start sim --response-delay 5:5
	smpp_link main "${PORT[sim]}" 'window = 5 binds = 4' | conf
	ctl init
	gateway_up
	await_log 10 'event=binds up=4 of=4'
	insert_many 800 'recipient, body' "'+3620' || (1000000 + i), 'spread ' || i"
	insert_many 20 'recipient, body' "'+3621' || (1000000 + i), 'of three parts ' || i || '$(printf ' part%.0s' {1..70})'"
	await_statuses 30 delivered=820
	gateway_stop
	sim_stop sim
	expect "binds" "$(sim_count sim binds)" 4
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "messages" "$(sim_count sim messages)" 820
	local least
	least=$(sed -n 's/.*session=.* submits=\([0-9]*\).*/\1/p' "$DIR/sim.log" | sort -n | head -1)
	expect_at_least "submits of the least used of four binds" "$least" 100
}

# Every hundredth submit costs one of three binds its connection.
binds_that_are_cut_lose_nothing() {
	sim_start sim --disconnect-every 100
	smpp_link main "${PORT[sim]}" 'window = 10 binds = 3' | conf 'in_doubt = resend'
	ctl init
	gateway_up
	await_log 10 'event=binds up=3 of=3'
	insert_many 1000 'recipient, body' "'+3620' || (1000000 + i), 'cut ' || i"
	await_statuses 40 delivered=1000
	await_log 10 'event=bind_lost'
	gateway_stop
	sim_stop sim
	expect "messages" "$(sim_count sim messages)" 1000
	expect_at_least "connections cut" "$(sim_count sim disconnects)" 10
}

a_wrong_password_may_be_the_last() {
	sim_start sim --account shop:right
	smpp_link main "${PORT[sim]}" 'password = "wrong" stop_on_auth_failure = on' | conf
	ctl init
	gateway_start
	await_sql 20 1 "SELECT count(*) FROM link WHERE state = 'stopped' AND
		reason LIKE 'bind refused: % not tried again (stop_on_auth_failure) before smsqlctl drain and release'"
	await_log 1 'event=down reason="bind refused: ESME_R.*retry=never'
	ctl drain main
	await_log 20 'event=wanted wanted=drain'
	expect "refusals" "$(grep -c 'bind refused' "$DIR/smsqld.log")" 1
	ctl release main
	await 20 "another try" eval "[ \"\$(grep -c 'retry=never' '$DIR/smsqld.log')\" = 2 ]"
	smpp_link main "${PORT[sim]}" 'password = "right" stop_on_auth_failure = on' | conf
	kill -HUP "${PID[gateway]}"
	await_sql 20 up "SELECT state FROM link"
	gateway_stop
}

a_limit_of_binds_is_no_reason_to_stop() {
	sim_start sim --max-binds 2
	smpp_link main "${PORT[sim]}" 'window = 5 binds = 4' | conf
	ctl init
	gateway_up
	await_log 10 'event=bind_lost reason="bind refused: ESME_RALYBND'
	await 10 "a reason in the table" eval "link_note | grep -q '2 of 4 binds up: bind refused: ESME_RALYBND'"
	insert_many 100 'recipient, body' "'+3620' || (1000000 + i), 'two are enough ' || i"
	await_statuses 15 delivered=100
	gateway_stop
	sim_stop sim
	expect "binds" "$(sim_count sim binds)" 2
	! grep -q event=down "$DIR/smsqld.log" || fail "the link went down"
}

# The first of two centres goes away in the middle, and comes back.
a_second_host_stands_in_and_the_first_takes_over_again() {
	sim_start one
	sim_start two --seed 2
	local port=${PORT[one]}
	smpp_link main "$port" "window = 10 rate = 200 host_return = 0.5
		host = {\"127.0.0.1\", \"127.0.0.1:${PORT[two]}\"}" | sed 's/host = "127.0.0.1" //' | conf 'in_doubt = resend'
	ctl init
	gateway_up
	insert_many 200 'recipient, body' "'+3620' || (1000000 + i), 'first ' || i"
	await_sql 10 1 "SELECT count(*) FROM outbox WHERE id = 20 AND status = 'delivered'"
	sim_stop one
	await_log 10 "event=connected host=127.0.0.1:${PORT[two]}"
	await_statuses 20 delivered=200
	sim_start one --smpp "$port" --seed 3
	await_log 10 "event=returned host=127.0.0.1"
	insert_many 100 'recipient, body' "'+3621' || (1000000 + i), 'second ' || i"
	await_statuses 20 delivered=300
	gateway_stop
	sim_stop one
	sim_stop two
	expect "messages at the first host when it was back" "$(sim_count one messages)" 100
	expect_at_least "messages at the second" "$(sim_count two messages)" 1
	expect "times that the link went down" "$(grep -c event=down "$DIR/smsqld.log")" 1
}

# The first host has an address of the other family than ours.
a_link_over_ipv6_comes_from_its_source_address() {
	[ -e /proc/net/if_inet6 ] || skip "no IPv6 on this machine"
	sim_start sim --listen ::1
	local port=${PORT[sim]}
	smpp_link main "$port" "source_address = \"::1\" host = {\"127.0.0.1\", \"::1\"}" |
		sed 's/host = "127.0.0.1" //' | conf
	ctl init
	gateway_up
	await_log 5 "event=connected host=\[::1\]:$port"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'over IPv6')"
	await_statuses 15 delivered=1
	gateway_stop
}

on_one sqlite several_binds_share_the_load binds_that_are_cut_lose_nothing \
	a_limit_of_binds_is_no_reason_to_stop a_wrong_password_may_be_the_last \
	a_second_host_stands_in_and_the_first_takes_over_again a_link_over_ipv6_comes_from_its_source_address
finish
