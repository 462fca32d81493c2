#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pools.sh - several links in one route, as modems are: equal shares, quotas that outlive
# restarts and kills, and who takes over.
#
# The links answer themselves (driver loop), one part at a time. It is noon wherever the gateway
# thinks it is, so that no midnight comes between.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

TZ="<noon>$(printf %+d $((10#$(date -u +%H) - 12)))"
export TZ

pool() { # LINKS KEYS...: modems m1, m2 ...
	local i links=$1
	shift
	for ((i = 1; i <= links; i++)); do
		echo "link \"m$i\" { driver = loop window = 1 $* }"
	done
}

by_link() { # "m1=3 m2=4": rows that left, by link
	sql "SELECT link_used || '=' || count(*) FROM outbox WHERE status IN ('sent', 'delivered')
	     GROUP BY link_used ORDER BY 1" | paste -sd' '
}

used() { sql "SELECT sum(used_day) FROM link WHERE gateway = 'gw1'"; }

reload() {
	: >"$DIR/smsqld.log"
	kill -HUP "${PID[gateway]}"
	await_log 10 event=reloaded
}

quotas_stop_links_and_are_kept_over_a_restart() {
	pool 2 'delay = 0.02 quota_day = 12 quota_month = 500' | conf
	ctl init
	gateway_up 2
	insert_many 20 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=20
	gateway_stop
	expect "parts counted" "$(used)" 20
	gateway_up 2
	insert_many 10 'recipient, body' "'+3621' || (1000000 + i), 'more ' || i"
	await_sql 20 2 "SELECT count(*) FROM link WHERE state = 'resting' AND used_day = 12 AND
		reason LIKE 'daily quota of 12 parts used: goes on at % 00:00'"
	await_statuses 20 "delivered=24 queued=6"
	expect "rows by link" "$(by_link)" "m1=12 m2=12"
	expect "attempts of rows that wait" "$(sql "SELECT max(attempts) FROM outbox WHERE status = 'queued'")" 0
	ctl links | grep -q '12/12 .*24/500\|12/12 .*12/500' || fail "smsqlctl links does not show the quotas: $(ctl links)"
	ctl status | grep -A 3 'QUOTAS USED' | grep -q 'm2 .*resting' || fail "smsqlctl status does not show the quotas"
	# One that is raised counts at once, and closes nothing.
	pool 2 'delay = 0.02 quota_day = 100 quota_month = 500' | conf
	reload
	await_statuses 20 delivered=30
	gateway_stop
	expect "parts counted" "$(used)" 30
}

# Killed twice with its hands full, at a modem's pace: a second's worth may be missing each time.
quotas_are_kept_over_kill_9() {
	local round left
	pool 2 'delay = 0.05 interval = 0.25 quota_day = 20' | conf 'in_doubt = hold' 'lease = 2'
	ctl init
	insert_many 80 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	for round in 8 16; do
		gateway_start
		await_sql 30 many "SELECT CASE WHEN sum(used_day) >= $round THEN 'many' END FROM link"
		gateway_kill
		expect_at_least "parts counted after a kill" "$(used)" $round
	done
	gateway_up 2
	await_sql 30 2 "SELECT count(*) FROM link WHERE state = 'resting' AND used_day = 20"
	await_sql 20 0 "SELECT count(*) FROM outbox WHERE status = 'sending'"
	gateway_stop
	left=$(count_rows "status IN ('sent', 'delivered', 'doubtful')")
	note "$left left for quotas of 40"
	# Less: what was counted when it was given to the link, and never left. More: four a second, two kills.
	[ "$left" -ge 36 ] && [ "$left" -le 60 ] || fail "$left left, with quotas of 40 and two kills"
	expect "rows that wait" "$(count_rows "status = 'queued'")" $((80 - left))
}

what_waits_goes_by_another_link_of_the_route() {
	{ pool 1 'delay = 0.02 quota_hour = 5'; echo 'link "other" { driver = loop window = 1 delay = 0.02 }'; } | conf
	ctl init
	gateway_up 2
	insert_many 60 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=60
	expect "rows by link" "$(by_link)" "m1=5 other=55"
	# Both rest: nothing is claimed over and over, and no attempt is burnt.
	sql "UPDATE link SET wanted = 'hold' WHERE name = 'other'"
	await_sql 10 held "SELECT state FROM link WHERE name = 'other'"
	insert_many 20 'recipient, body' "'+3621' || (1000000 + i), 'waits ' || i"
	sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36221', 'pinned', 'm1')"
	nap 1.5
	expect "rows that wait untouched" "$(count_rows "status = 'queued' AND attempts = 0")" 21
	sql "UPDATE link SET wanted = 'run' WHERE name = 'other'"
	await_statuses 20 "delivered=80 queued=1"
	gateway_stop
}

a_message_that_does_not_fit_waits_and_one_that_never_can_fails() {
	pool 1 'quota_day = 6 max_parts = 20' | conf
	ctl init
	gateway_up 1
	insert_many 4 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=4
	local three seven
	three=$(printf ' word%.0s' {1..80})
	seven=$(printf ' word%.0s' {1..200})
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36211', '$three'), ('+36212', '$seven')"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36213', 'short')"
	await_statuses 20 "delivered=5 failed=1 queued=1"
	expect "messages of three parts that wait" "$(count_rows "status = 'queued' AND attempts = 0 AND
		error_text LIKE 'it counts as 3 parts, and the quotas of the links of route % leave less before % 00:00'")" 1
	expect "why it failed" "$(sql "SELECT error_text FROM outbox WHERE status = 'failed'" | cut -c1-50)" \
		"it counts as 7 parts, and the quotas of the links "
	gateway_stop
	expect "parts counted" "$(used)" 5
}

modems_get_equal_shares() {
	local i
	pool 15 'delay = 0.05' | conf 'poll = 0.02'
	ctl init
	gateway_up 15
	# A trickle: one after the other.
	for ((i = 1; i <= 45; i++)); do
		sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'trickle $i')"
		await_sql 10 "$i" "SELECT count(*) FROM outbox WHERE status = 'delivered'"
	done
	expect "links, and what each of them sent of a trickle" \
		"$(by_link | tr ' ' '\n' | sed 's/.*=//' | sort | uniq -c | sed 's/^ *//')" "15 3"
	insert_many 600 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 40 delivered=645
	gateway_stop
	note "least and most of 43 each: $(by_link | tr ' ' '\n' | sed 's/.*=//' | sort -n | sed -n '1p;$p' | paste -sd' ')"
	by_link | tr ' ' '\n' | sed 's/.*=//' | while read -r i; do
		[ "$i" -ge 34 ] && [ "$i" -le 52 ] || fail "shares are not equal: $(by_link)"
	done
}

each_gateway_has_counts_of_its_own() {
	pool 1 'delay = 0.02 quota_day = 5' | conf
	ctl init
	insert_many 20 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	member_start 1
	member_start 2
	await_sql 30 2 "SELECT count(*) FROM link WHERE state = 'resting' AND used_day = 5"
	await_statuses 20 "delivered=10 queued=10"
	member_stop 1
	member_stop 2
}

on_all quotas_stop_links_and_are_kept_over_a_restart quotas_are_kept_over_kill_9
on_both what_waits_goes_by_another_link_of_the_route
on_one sqlite modems_get_equal_shares
on_both a_message_that_does_not_fit_waits_and_one_that_never_can_fails
on_one pgsql each_gateway_has_counts_of_its_own
finish
