#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# links.sh - several links: none slows another; operators steer them; the file is
# read again; what a message centre may get wrong does no harm.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# A link with one answer in two seconds, and 400 rows of which half must take it.
a_slow_link_does_not_slow_another() {
	sim_start slow --response-delay 2000
	sim_start fast
	{ smpp_link slow "${PORT[slow]}" 'window = 1'; smpp_link fast "${PORT[fast]}"; } | conf
	ctl init
	gateway_up 2
	insert_many 400 'recipient, body, link' \
		"'+3620' || (1000000 + i), 'row ' || i, CASE i % 2 WHEN 0 THEN 'fast' ELSE 'slow' END"
	await_sql 15 200 "SELECT count(*) FROM outbox WHERE link = 'fast' AND status = 'delivered'"
	expect_at_least "rows still waiting for the slow link" \
		"$(count_rows "link = 'slow' AND status IN ('queued', 'sending')")" 180
	insert_many 200 'recipient, body' "'+3621' || (1000000 + i), 'any link ' || i"
	await_sql 15 many "SELECT CASE WHEN count(*) > 190 THEN 'many' END FROM outbox
		WHERE link IS NULL AND status = 'delivered'"
	gateway_stop
	sim_stop slow
	sim_stop fast
	expect "doubles" "$(sim_count slow doubles)$(sim_count fast doubles)" 00
}

a_wrong_password_stops_one_link_and_says_so() {
	sim_start sim --account shop:right
	{
		smpp_link bad "${PORT[sim]}" 'password = "wrong"'
		smpp_link good "${PORT[sim]}" 'password = "right"'
	} | conf
	ctl init
	gateway_up 1
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'by the good one')"
	await_statuses 15 delivered=1
	await 10 "a reason in smsqlctl links" eval "ctl links | grep bad | grep -Ei 'password|refused'"
	ctl links
	expect "link used" "$(sql "SELECT link_used FROM outbox")" good
	grep -Eiq 'link=bad .*(password|refused)' "$DIR/smsqld.log" || fail "the log does not say why"
	gateway_stop
}

# One link of an account only sends, so its receipts come in on the other.
links_of_one_account_share_its_receipts() {
	sim_start sim
	{
		smpp_link one "${PORT[sim]}" 'account = "shop" bind = transmitter'
		smpp_link two "${PORT[sim]}" 'account = "shop"'
	} | conf
	ctl init
	gateway_up 2
	insert_many 50 'recipient, body, link' "'+3620' || (1000000 + i), 'row ' || i, 'one'"
	await_statuses 30 delivered=50
	gateway_stop
	expect "receipts" "$(sql "SELECT DISTINCT c.link || ' for ' || o.link_used FROM receipt c
		JOIN outbox o ON o.id = c.outbox_id")" "two for one"
}

an_operator_holds_releases_and_drains_a_link_by_sql() {
	sim_start one
	sim_start two
	{ smpp_link one "${PORT[one]}"; smpp_link two "${PORT[two]}"; } | conf
	ctl init
	gateway_up 2
	sql "UPDATE link SET wanted = 'hold' WHERE name = 'one'"
	await_sql 15 held "SELECT state FROM link WHERE name = 'one'"
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234501', 'held', 'one')"
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234502', 'flows', 'two')"
	await_sql 15 delivered "SELECT status FROM outbox WHERE link = 'two'"
	expect "status of the row that is held" "$(sql "SELECT status FROM outbox WHERE link = 'one'")" queued
	ctl release one
	await_statuses 15 delivered=2
	ctl drain two
	await_sql 15 stopped "SELECT state FROM link WHERE name = 'two'"
	sql "UPDATE link SET wanted = 'run' WHERE name = 'two'"
	await_sql 15 up "SELECT state FROM link WHERE name = 'two'"
	gateway_stop
}

reload() { # REGEX that the log is to say
	: >"$DIR/smsqld.log"
	kill -HUP "${PID[gateway]}"
	await_log 10 "$1"
}

a_reload_changes_links_and_a_broken_file_changes_nothing() {
	sim_start one
	sim_start two
	smpp_link one "${PORT[one]}" 'window = 50 rate = 5' | conf
	ctl init
	gateway_up
	insert_many 60 'recipient, body' "'+3620' || (1000000 + i), 'paced ' || i"
	await_sql 10 1 "SELECT count(*) FROM outbox WHERE id = 5 AND status = 'delivered'"
	smpp_link one "${PORT[one]}" 'window = 50 rate = 0' | conf
	reload event=reloaded
	await_statuses 9 delivered=60          # at 5 a second it would be 11 more

	{ smpp_link one "${PORT[one]}"; smpp_link two "${PORT[two]}"; } | conf
	reload event=reloaded
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234502', 'new link', 'two')"
	await_statuses 15 delivered=61

	echo 'link "three" { driver = smpp hots = "x" }' | conf
	reload 'event=reload-refused.*hots'
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234503', 'as before', 'two')"
	await_statuses 15 delivered=62

	smpp_link two "${PORT[two]}" | conf
	reload event=reloaded
	await_sql 15 stopped "SELECT state FROM link WHERE name = 'one'"
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234504', 'waits', 'one')"
	await_sql 15 1 "SELECT count(*) FROM outbox WHERE status = 'queued' AND error_text LIKE '%one%'"
	gateway_stop
	sim_stop one
	expect "binds of a link that was not to be disturbed" "$(sim_count one binds)" 1
}

receipts_find_their_rows_in_every_form_of_id() {
	local form
	for form in decimal hex hex-receipt-decimal padded upper uuid; do
		sim_start "$form" --id-form "$form"
		smpp_link "$form" "${PORT[$form]}" >>"$DIR/links"
	done
	conf <"$DIR/links"
	ctl init
	gateway_up 6
	for form in decimal hex hex-receipt-decimal padded upper uuid; do
		insert_many 20 'recipient, body, link' "'+3620' || (1000000 + i), '$form ' || i, '$form'"
	done
	await_statuses 20 delivered=120
	expect "receipts without their row" "$(sql "SELECT count(*) FROM receipt WHERE outbox_id IS NULL")" 0
	gateway_stop
}

receipts_that_come_before_their_response_are_not_lost() {
	sim_start sim --early-receipts 1 --response-delay 20:30
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	insert_many 500 'recipient, body' "'+3620' || (1000000 + i), 'early ' || i"
	insert_many 20 'recipient, body' "'+3621' || (1000000 + i), 'early, and of three parts ' || i || '$(printf ' part%.0s' {1..70})'"
	await_statuses 30 delivered=520
	gateway_stop
	sim_stop sim
	expect "early receipts" "$(sim_count sim receipts_early)" 560
	expect "doubles" "$(sim_count sim doubles)" 0
}

a_centre_that_throttles_gets_everything_once() {
	sim_start sim --rate 400
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	insert_many 1000 'recipient, body' "'+3620' || (1000000 + i), 'throttled ' || i"
	await_statuses 30 delivered=1000
	gateway_stop
	sim_stop sim
	expect_at_least "submits that were throttled" "$(sim_count sim throttled)" 1
	expect "doubles" "$(sim_count sim doubles)" 0
}

# A pair of binds, and no optional parameter in any PDU.
a_centre_of_version_3_3_is_sent_what_it_knows() {
	sim_start sim --speak 0x33 --record-json "$DIR/sim.json"
	smpp_link main "${PORT[sim]}" 'more_messages = on strict_version = on' | conf
	ctl init
	gateway_up
	local long
	long=$(printf ' word%.0s' {1..60})
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234501', 'short'), ('+36201234502', '$long')"
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201234503', '$long', '{\"concat\": \"sar\"}')"
	await_statuses 20 "delivered=2 failed=1"
	await_sql 5 3 "SELECT id FROM outbox WHERE error_text LIKE '%speaks SMPP 3.3, which has none%'"
	gateway_stop
	sim_stop sim
	expect "PDUs with optional parameters" "$(grep -c '0x' "$DIR/sim.json" || true)" 0
	expect "submits" "$(sim_count sim submits)" 3
	grep -q 'event=bound half=bind_transmitter version=3.3' "$DIR/smsqld.log" || fail "the log does not say the version"
}

on_both a_slow_link_does_not_slow_another
on_all links_of_one_account_share_its_receipts \
	an_operator_holds_releases_and_drains_a_link_by_sql \
	receipts_find_their_rows_in_every_form_of_id \
	receipts_that_come_before_their_response_are_not_lost
on_both a_wrong_password_stops_one_link_and_says_so a_reload_changes_links_and_a_broken_file_changes_nothing
on_one sqlite a_centre_that_throttles_gets_everything_once \
	a_centre_of_version_3_3_is_sent_what_it_knows
finish
