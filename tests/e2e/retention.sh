#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# retention.sh - old rows go while a gateway sends, and nothing that has not ended is lost.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

HISTORY=${HISTORY:-5000} LIVE=${LIVE:-600} # docs/performance.md: a million

# Rows of a year ago that have ended, and among them one of each kind that has not.
make_history() {
	local old
	old=$(now_plus -31536000)
	insert_many $HISTORY "recipient, queue, status, created_at, sent_at, done_at" \
		"'4915', 2, 'delivered', $old, $old, $old"
	sql "INSERT INTO outbox (recipient, queue, status, send_after, created_at) VALUES
		('1', 2, 'held', $old, $old), ('2', 2, 'doubtful', $old, $old), ('3', 0, 'queued', $(now_plus 3600), $old)"
}

load_while() { # COMMAND...: rows in ten portions, while it runs
	local i
	"$@" &
	PID[load]=$!
	for i in {1..10}; do insert_many $((LIVE / 10)) "recipient, body" "'+36201' || (100000 + i), 'live $i'"; done
	wait "${PID[load]}"
	unset 'PID[load]'
}

expect_only_history_gone() {
	await_sql 60 $LIVE "SELECT count(*) FROM outbox WHERE status = 'delivered' AND body LIKE 'live%'"
	expect "rows" "$(count_rows "1 = 1")" $((LIVE + 3))
	expect "rows that have not ended" "$(sql "SELECT count(*) FROM outbox WHERE (recipient = '1' AND status = 'held')
		OR (recipient = '2' AND status = 'doubtful') OR (recipient = '3' AND status = 'queued')")" 3
}

history_goes_while_the_gateway_sends() {
	sim_start sim
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	make_history
	# The job begins soon, when the load has; a gateway that is up later than that would await tomorrow.
	smpp_link main "${PORT[sim]}" | conf '' "keep_outbox = 30 maintain_at = \"$(date -d '+6 seconds' +%T)\""
	gateway_up
	load_while await_log 60 'event=maintained outbox='"$HISTORY"
	expect_only_history_gone
	note "the longest transaction took $(sed -n 's/.*event=maintained .*longest=\([0-9]*\)ms.*/\1/p' "$DIR/smsqld.log") ms"
	gateway_stop
	sim_stop sim
	expect "submits" "$(sim_count sim submits)" $LIVE
	expect "doubles" "$(sim_count sim doubles)" 0
}

the_operator_maintains_beside_a_gateway() {
	sim_start sim
	smpp_link main "${PORT[sim]}" | conf '' "keep_outbox = 30 maintain_at = off"
	ctl init
	make_history
	gateway_up
	expect "what would go" "$(ctl maintain --dry-run | grep -o 'would delete [0-9]* of outbox')" \
		"would delete $HISTORY of outbox"
	expect "rows after that" "$(count_rows "1 = 1")" $((HISTORY + 3))
	local began=$EPOCHREALTIME
	load_while eval "ctl maintain >'$DIR/maintain.out'"
	note "$HISTORY rows in $(bc_minus "$EPOCHREALTIME" "$began") s, the longest transaction $(grep -o '[0-9]* ms' "$DIR/maintain.out")"
	grep -q "deleted $HISTORY of outbox" "$DIR/maintain.out"
	expect_only_history_gone
	gateway_stop
	smpp_link main "${PORT[sim]}" | conf
	ctl maintain | grep 'everything is kept'
	smpp_link main "${PORT[sim]}" | conf '' 'maintain_at = noon'
	ctl maintain 2>"$DIR/refusal" && fail "a time of day that is none is taken"
	grep 'maintain_at = "noon": must be a time of day' "$DIR/refusal"
	sim_stop sim
}

# The first range that is there, but for p1, and the last.
ranges() {
	if [ "$ENGINE" = pgsql ]; then
		sql "SELECT min(CAST(substr(relname, 9) AS int)) || ' ' || max(CAST(substr(relname, 9) AS int))
			FROM pg_class WHERE relkind = 'r' AND relname ~ '^outbox_p[0-9]+$' AND relname <> 'outbox_p1'"
	else
		sql "SELECT concat(min(CAST(substr(partition_name, 2) AS int)), ' ', max(CAST(substr(partition_name, 2) AS int)))
			FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = 'outbox'
			AND partition_name NOT IN ('p1', 'pmax')"
	fi
}

# In ranges of 500 ids, of which init makes four.
ranges_are_made_ahead_and_dropped_while_the_gateway_sends() {
	sim_start sim --inbound-count 20 --inbound-from 447700900001 --inbound-to 12345 --inbound-text 'hello %d'
	smpp_link main "${PORT[sim]}" | conf '' "keep_outbox = 30 maintain_at = \"23:59\""
	ctl init --partitioned=500
	ctl init --partitioned
	ctl check
	insert_many 1100 "recipient, queue, status, created_at, done_at" \
		"'4915', 2, 'delivered', $(now_plus -31536000), $(now_plus -31536000)"
	sql "UPDATE outbox SET status = 'held' WHERE id = 700"
	gateway_up
	await_log 20 'event=partitioned made=2 dropped=0 busy=0 ahead=3'
	sql "INSERT INTO outbox (recipient, body, app, ref) VALUES ('+36201234567', '$(printf 'x%.0s' {1..200})', 'shop', 'r1')"
	sql "INSERT INTO outbox (recipient, body, app, ref) VALUES ('+36201234567', 'again', 'shop', 'r1')" 2>"$DIR/refusal" &&
		fail "a ref that is there is taken"
	grep -E 'duplicate key value violates unique constraint "outbox_ref|Duplicate entry .*outbox_ref' "$DIR/refusal"
	load_while eval "ctl maintain >'$DIR/maintain.out'"
	cat "$DIR/maintain.out"
	await_sql 60 $((LIVE + 1)) "SELECT count(*) FROM outbox WHERE status = 'delivered' AND id > 1100"
	await_sql 20 20 "SELECT count(*) FROM inbox"
	ctl maintain
	expect "ranges" "$(ranges)" "2 6"
	expect "rows" "$(count_rows "1 = 1")" $((LIVE + 2))
	expect "the row that is held" "$(count_rows "status = 'held' AND id = 700")" 1
	expect "parts" "$(sql "SELECT count(*) FROM outbox_part WHERE status = 'delivered'")" 2
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
}

tables_in_ranges_are_refused_where_there_are_none() {
	echo | conf
	ctl init --partitioned 2>"$DIR/refusal" && fail "tables in ranges are made"
	grep 'run init without --partitioned' "$DIR/refusal"
	ctl init
}

on_both history_goes_while_the_gateway_sends the_operator_maintains_beside_a_gateway
on_one pgsql ranges_are_made_ahead_and_dropped_while_the_gateway_sends
on_one sqlite tables_in_ranges_are_refused_where_there_are_none
on_one mysql ranges_are_made_ahead_and_dropped_while_the_gateway_sends history_goes_while_the_gateway_sends the_operator_maintains_beside_a_gateway
finish
