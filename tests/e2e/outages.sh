#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# outages.sh - what surrounds the gateway goes away under load, and comes back
# (the database for a while: away.sh); and a great many rows at once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

insert_load() { # COUNT [WORD]
	insert_many "$1" 'recipient, body' "'+3620' || (1000000 + i), '${2:-load} ' || i"
}

await_sent() { # COUNT: so many rows are on their way at least
	await_sql 30 go "SELECT CASE WHEN count(*) >= $1 THEN 'go' END FROM outbox
		WHERE status IN ('sent', 'delivered')"
}

# The port is the same before and after; ids are not, as of a centre that lost its own.
a_message_centre_killed_under_load_is_found_again() {
	sim_start sim --response-delay 5
	local port=${PORT[sim]}
	smpp_link main "$port" | conf 'in_doubt = resend'
	ctl init
	gateway_up
	insert_load 4000
	await_sent 500
	kill -KILL "${PID[sim]}"
	wait "${PID[sim]}" 2>/dev/null || true
	await_sql 20 down "SELECT CASE WHEN state <> 'up' AND reason <> '' THEN 'down' END FROM link"
	grep -E 'link=main .*(down|lost|closed|reason)' "$DIR/smsqld.log"
	sim_start sim --smpp "$port" --seed 2 --response-delay 1
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('sent', 'delivered')"
	note "rows whose receipt the killed centre took along: $(count_rows "status = 'sent'")"
	gateway_stop
	sim_stop sim
	expect_at_least "rows by the second centre" "$(sim_count sim messages)" 1
}

a_gateway_told_to_end_drains_and_leaves_nothing_half_done() {
	sim_start sim --response-delay 30
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	insert_load 3000
	await_sent 300
	gateway_stop
	expect "rows still claimed" "$(count_rows "status IN ('sending', 'doubtful')")" 0
	expect_at_least "rows left for the next time" "$(count_rows "status = 'queued'")" 1
	expect "state of the gateway" "$(sql "SELECT state FROM gateway")" stopped
	gateway_start
	await_statuses 60 delivered=3000
	gateway_stop
	sim_stop sim
	expect "messages at the centre" "$(sim_count sim messages)" 3000
	expect "doubles" "$(sim_count sim doubles)" 0
}

# The answer to every 300th submit is lost with its connection.
a_centre_that_cuts_connections_leaves_rows_in_doubt_and_doubles_none() {
	sim_start sim --disconnect-every 300 --response-delay 2
	smpp_link main "${PORT[sim]}" | conf 'in_doubt = hold'
	ctl init
	gateway_up
	insert_load 3000
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('delivered', 'doubtful')"
	expect_at_least "doubtful rows" "$(count_rows "status = 'doubtful' AND error_text IS NOT NULL")" 1
	local doubtful
	doubtful=$(count_rows "status = 'doubtful'")
	note "$doubtful of 3000 rows doubtful"
	sql "SELECT id FROM outbox WHERE status = 'doubtful'" | xargs "$B/smsqlctl" -c "$DIR/smsqld.conf" retry
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('delivered', 'doubtful')"
	gateway_stop
	sim_stop sim
	[ "$(sim_count sim doubles)" -le "$doubtful" ] || fail "more doubles than a person asked for"
}

# The centre answers after the gateway has stopped waiting.
an_answer_that_comes_too_late_still_settles_its_row() {
	sim_start sim --response-delay 1500
	smpp_link main "${PORT[sim]}" 'window = 50 response_timeout = 1' | conf 'in_doubt = hold'
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'a'), ('+36201234568', 'b')"
	await_statuses 20 delivered=2
	expect "answers that came late" "$(grep -c event=late_answer "$DIR/smsqld.log")" 2
	gateway_stop
	sim_stop sim
	expect "messages at the centre" "$(sim_count sim messages)" 2
	expect "doubles" "$(sim_count sim doubles)" 0
}

submitted() { # COUNT at least
	sim_report sim
	[ "$(sim_count sim submits)" -ge "$1" ]
}

# Each recipient is named by the link and what is to become of it: the link's word counts more than
# the gateway's, the row's more than that, and a turn of a dialogue stays in doubt in any case.
killed_with_answers_due_each_row_goes_by_its_own_or_its_links_in_doubt() {
	sim_start sim --response-delay 4000 --receipts off
	{
		smpp_link keeps "${PORT[sim]}" 'window = 20 in_doubt = hold'
		smpp_link repeats "${PORT[sim]}" 'window = 20 in_doubt = resend'
		smpp_link usual "${PORT[sim]}" 'window = 20'
	} | conf 'in_doubt = hold'
	ctl init
	gateway_up 3
	sql "INSERT INTO outbox (recipient, body, link, in_doubt, kind, options) VALUES
	     ('+36201000001', 'held', 'keeps', NULL, 'text', NULL),
	     ('+36201000002', 'again', 'keeps', 'resend', 'text', NULL),
	     ('+36201000003', 'again', 'repeats', NULL, 'text', NULL),
	     ('+36201000004', 'held', 'repeats', 'hold', 'text', NULL),
	     ('+36201000005', 'held', 'usual', NULL, 'text', NULL),
	     ('+36201000006', 'held', 'keeps', NULL, 'text', '{\"recipients\": [\"+36201000007\"]}'),
	     ('+36201000008', 'held', 'repeats', 'resend', 'ussd', '{\"ussd\": {\"op\": \"request\"}}')"
	await 20 "seven submits" submitted 7
	gateway_kill
	gateway_start
	await_statuses 30 "doubtful=5 sent=2"
	expect "rows of another fate than theirs" "$(count_rows "CAST(status AS text) <> CASE body WHEN 'held' THEN 'doubtful' ELSE 'sent' END")" 0
	expect "recipients in doubt" "$(sql "SELECT count(*) FROM outbox_part WHERE status = 'doubtful'")" 2
	grep -q 'event=recalled rows=7 queued=2 doubtful=5' "$DIR/smsqld.log" || fail "$(grep recalled "$DIR/smsqld.log")"
	ctl doubtful resend 1 7 && fail "a turn of a dialogue was queued again"
	await_sql 20 sent "SELECT status FROM outbox WHERE id = 1"
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 3
}

# Two gateways share the tables; one is killed, and the other one takes its rows.
a_gateway_takes_over_the_rows_of_a_dead_one() {
	sim_start sim --response-delay 20:20
	smpp_link main "${PORT[sim]}" | conf 'in_doubt = resend' 'lease = 2'
	sed 's/"gw1"/"gw2"/' "$DIR/smsqld.conf" >"$DIR/second.conf"
	chmod 600 "$DIR/second.conf"
	ctl init
	gateway_up
	"$B/smsqld" -c "$DIR/second.conf" 2>"$DIR/second.log" &
	PID[second]=$!
	await_sql 20 2 "SELECT count(*) FROM link WHERE state = 'up'"
	insert_load 6000
	await_sql 20 2 "SELECT count(DISTINCT owner) FROM outbox WHERE status IN ('sent', 'delivered')"
	await_sent 1000
	gateway_kill
	await_statuses 60 delivered=6000
	expect "state of the dead gateway" "$(sql "SELECT state FROM gateway WHERE name = 'gw1'")" dead
	expect "gateways that sent" "$(sql 'SELECT count(DISTINCT owner) FROM outbox')" 2
	kill -TERM "${PID[second]}"
	await_gone 30 "${PID[second]}"
	sim_stop sim
	note "$(sim_count sim doubles) doubled, as in_doubt = resend allows"
	expect "messages at the centre" "$(sim_count sim messages)" 6000
}

a_server_restarted_under_load_loses_and_doubles_nothing() {
	local how
	server_own
	sim_start sim --response-delay 5 --inbound 50
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	for how in restart kill; do
		insert_load 3000 $how
		await_sent 500
		: >"$DIR/smsqld.log"
		$(server_script) $how "$DIR/server" >/dev/null
		[ $how = restart ] || server_start
		await_log 30 event=ready
		await_sql 60 0 "SELECT count(*) FROM outbox WHERE status <> 'delivered'"
		grep -E 'event=lost' "$DIR/smsqld.log"
	done
	gateway_stop
	sim_stop sim
	expect "messages at the centre" "$(sim_count sim messages)" 6000
	expect "doubles" "$(sim_count sim doubles)" 0
	expect_at_least "inbound messages kept" "$(sql "SELECT count(DISTINCT body) FROM inbox")" \
		"$(sim_count sim inbound_acked)"
}

acknowledged() { # COUNT of receipts at least; asking the centre does not disturb the database
	sim_report sim
	[ "$(sim_count sim receipts_acked)" -ge "$1" ]
}

many_rows_at_once_pass_in_bounded_memory() {
	sim_start sim --quiet
	smpp_link main "${PORT[sim]}" 'window = 500' | conf
	ctl init
	gateway_up
	local began=$SECONDS peak
	insert_load 100000
	await 300 "100000 receipts" acknowledged 100000
	await_statuses 60 delivered=100000
	peak=$(awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/${PID[gateway]}/status")
	note "100000 rows in about $((SECONDS - began)) s, $peak MiB"
	[ -n "${SAN-}" ] || [ "$peak" -lt 64 ] || fail "the gateway took $peak MiB"
	gateway_stop
	sim_stop sim
	expect "messages at the centre" "$(sim_count sim messages)" 100000
	expect "doubles" "$(sim_count sim doubles)" 0
}

on_all a_gateway_told_to_end_drains_and_leaves_nothing_half_done \
	an_answer_that_comes_too_late_still_settles_its_row \
	killed_with_answers_due_each_row_goes_by_its_own_or_its_links_in_doubt \
	a_gateway_takes_over_the_rows_of_a_dead_one
on_both a_message_centre_killed_under_load_is_found_again
on_one sqlite a_centre_that_cuts_connections_leaves_rows_in_doubt_and_doubles_none
on_one pgsql a_server_restarted_under_load_loses_and_doubles_nothing
on_one mysql a_server_restarted_under_load_loses_and_doubles_nothing
on_both many_rows_at_once_pass_in_bounded_memory
finish
