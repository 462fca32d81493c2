#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gateways.sh - four gateways on the same tables, and nothing else between them.
#
# Undisturbed every row leaves once, and each gateway takes its share. Disturbed, with
# in_doubt = hold:
#
#     gw1   is killed                     its rows are taken over when its lease is over
#     gw2   is stopped beyond its lease   likewise; when it goes on it fences itself
#     gw3   is cut off from the database  likewise (not of a file: nobody can be)
#     gw4   has a clock that is an hour ahead, takes over nobody before his time, and
#           carries on alone              (not of a file: its clock is the database's)
#
# and the centre gets nothing twice. How long the rows of the dead waited is printed; two
# leases are what is promised. ROWS=1000000 makes it large (make gateways ROWS=1000000).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

ROWS=${ROWS:-8000}
LEASE=6
PATIENCE=$((120 + ROWS / 200))

four_start() { # RATE: of each, in rows a second
	local through=$URL ahead=
	if [ -n "$(server_script)" ]; then
		local port=${URL##*:}
		proxy_start cable "${port%%/*}"
		through=${URL/:${port%%/*}\//:${PORT[cable]}/}
		[ -n "${SAN-}" ] || ahead=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null) ||
			fail "libfaketime is missing: make deps"
	fi
	sim_start sim --quiet --response-delay 5:10 --deliver-timeout 3000
	# Paced, so that each has rows in hand for some seconds.
	smpp_link main "${PORT[sim]}" "window = 50 rate = $1" | conf 'in_doubt = hold' "lease = $LEASE"
	ctl init
	member_start 1
	member_start 2
	member_start 3 "$through"
	member_start 4 "$URL" "$ahead"
	await_sql 30 4 "SELECT count(*) FROM link WHERE state = 'up'"
	[ -z "$ahead" ] || expect "hours between the clocks of gw4 and gw1" \
		$((($(began_at 4) - $(began_at 1) + 1800) / 3600)) 1
}

# The time of its first line in the log.
began_at() { date -d "$(grep -m 1 -o '^[^ ]* [0-9:]*' "$DIR/gw$1.log")" +%s; } # NUMBER

fences() { cat "$DIR"/gw?.log | awk '/event=fenced/ { n++ } END { print n + 0 }'; }

insert_rows() {
	insert_many "$ROWS" 'recipient, body' "'+36' || (200000000 + i), 'row ' || i"
}

waiting() { # each by its index
	sql "SELECT (SELECT count(*) FROM outbox WHERE queue = 0) + (SELECT count(*) FROM outbox WHERE queue = 1) +
		(SELECT count(*) FROM outbox WHERE queue = 3)"
}

nothing_waits() { [ "$(waiting)" = 0 ]; }

receipts_are_over() {
	sim_report sim
	[ "$(sim_count sim receipts_acked)" = "$(sim_count sim receipts_sent)" ]
}

four_gateways_send_every_row_once() {
	local LEASE=20                  # nobody dies here: a machine that is busy is no reason for it to end
	server_own
	four_start $((ROWS / 20))
	insert_rows
	await $PATIENCE "the last row" nothing_waits
	await_statuses 60 "delivered=$ROWS"
	local shares number
	shares=$(sql "SELECT substr(owner, 1, 3) || ' ' || count(*) FROM outbox GROUP BY substr(owner, 1, 3)" |
		sort | paste -sd, | sed 's/,/, /g')
	note "$ROWS rows: $shares"
	expect "gateways that sent" "$(echo "$shares" | tr ',' '\n' | grep -c gw)" 4
	expect "gateways that were fenced" "$(fences)" 0
	for number in 1 2 3 4; do member_stop $number; done
	sim_stop sim
	expect "messages at the centre" "$(sim_count sim messages)" "$ROWS"
	expect "doubles" "$(sim_count sim doubles)" 0
}

rows_of() { # NUMBER: that it has claimed
	sql "SELECT count(*) FROM outbox WHERE queue = 1 AND owner LIKE 'gw$1/%'"
}

has_rows() { [ "$(rows_of "$1")" -gt 0 ]; }

# A process that is stopped while it writes keeps a file locked, and all wait for it: that is
# not what is tried here. A server would not wait.
frozen() { # NUMBER
	kill -STOP "${PID[gw$1]}"
	[ "$ENGINE" = sqlite ] || return 0
	sqlite3 -batch -cmd '.timeout 1000' "$DATABASE" 'BEGIN IMMEDIATE; ROLLBACK' && return 0
	kill -CONT "${PID[gw$1]}"
	return 1
}

# Seconds from BEGAN until the rows of all of them were taken over, in TOOK.
await_taken_over() { # BEGAN NUMBER...
	local began=$1 number
	shift
	for number; do await 60 "gw$number has lost its rows" eval "[ \"\$(rows_of $number)\" = 0 ]"; done
	TOOK=$(bc_minus "$EPOCHREALTIME" "$began")
}

is_fenced() { grep -q event=fenced "$DIR/gw$1.log"; } # NUMBER

arrived() { awk 'NF == 4 && $3 ~ /\// { print $2 }' "$DIR/sim.record" | tr -d + | sort; }

recipients_that() { # CONDITION
	sql "SELECT ltrim(recipient, '+') FROM outbox WHERE $1" | sort
}

judge() {
	arrived >"$DIR/arrived"
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	expect "rows of another status" "$(count_rows "status NOT IN ('delivered', 'doubtful')")" 0
	expect "rows that say sent and are not at the centre" "$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)" 0
	expect "rows at the centre that say neither sent nor doubtful" \
		"$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)" 0
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "recipients that got it" "$(uniq "$DIR/arrived" | wc -l)" "$(sim_count sim messages)"
}

one_dies_one_is_frozen_one_is_cut_off_and_nothing_is_doubled() {
	local out=(2) began number dead
	server_own
	four_start $((ROWS / 100))
	insert_rows
	[ -z "$(server_script)" ] || out+=(3)
	for number in 1 2 3; do await 30 "gw$number has rows" has_rows $number; done
	expect "gateways fenced before any harm" "$(fences)" 0
	began=$EPOCHREALTIME
	process_kill gw1
	expect_at_least "rows of gw1 when it was killed" "$(rows_of 1)" 1
	await 30 "gw2 frozen without a lock on a file" frozen 2
	[ ${#out[@]} = 1 ] || kill -STOP "${PID[cable]}"
	await_taken_over "$began" 1
	dead=$TOOK
	await_taken_over "$began" "${out[@]}"
	kill -CONT "${PID[gw2]}"
	[ ${#out[@]} = 1 ] || kill -CONT "${PID[cable]}"
	for number in "${out[@]}"; do await 60 "gw$number fences itself" is_fenced "$number"; done
	await $PATIENCE "the last row" nothing_waits
	await 60 "the last receipts" receipts_are_over
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status = 'sent'"
	expect_at_least "gateways that were fenced" "$(fences)" ${#out[@]}
	for number in 2 3 4; do member_stop $number; done
	sim_stop sim
	judge
	note "$ROWS rows, lease $LEASE s: rows of the dead taken over after $dead s, of the others after $TOOK s;" \
		"$(statuses), $(sim_count sim doubles) doubled, $(fences) fenced"
}

# As part of make check, MariaDB is tried with the second alone, which has more in it.
on_both four_gateways_send_every_row_once
[ -n "${SMSQLD_TEST_REQUIRE_ALL-}" ] || on_one mysql four_gateways_send_every_row_once
on_all one_dies_one_is_frozen_one_is_cut_off_and_nothing_is_doubled
finish
