#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# crash.sh - kill -9 under load, at random moments, again and again.
#
# Every row has a recipient of its own, so that the centre's record says of each
# whether it arrived. When all is over, with in_doubt = hold:
#
#     row says            the centre has it     else
#     sent, delivered     yes                   lost
#     doubtful            yes or no             -
#     anything else       -                     wrong
#
# and no recipient got anything twice. The journal leaves no more rows in doubt than the
# window holds, for each kill. With in_doubt = resend every row is delivered, and there
# are no more doubles than that. SEED=N repeats a run, KILLS=N says how many.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
KILLS=${KILLS:-20}
WINDOW=${WINDOW:-20}
rows=0

# One in ten is a long text, of three parts.
insert_wave() { # COUNT
	local text
	text=$(printf ' and more%.0s' {1..40})
	insert_many "$1" 'recipient, body' \
		"'+36' || (200000000 + $rows + i),
		 'row ' || ($rows + i) || CASE (i % 10) WHEN 0 THEN '$text' ELSE '' END"
	rows=$((rows + $1))
}

# Recipients of whole messages at the centre, from its record: ID RECIPIENT REF/PART/PARTS HASH
arrived() {
	awk 'NF == 4 { split($3, of, "/"); if (!(($2, of[2]) in seen)) { seen[$2, of[2]] = 1
		if (++parts[$2] == of[3]) print $2 }
	     }' "$DIR/sim.record" | tr -d + | sort
}

recipients_that() { # CONDITION
	sql "SELECT ltrim(recipient, '+') FROM outbox WHERE $1" | sort
}

kill_again_and_again() {
	RANDOM=$SEED
	local i pause
	for ((i = 1; i <= KILLS; i++)); do
		gateway_start
		insert_wave 500
		pause=$((RANDOM % 900))
		# Some die while they start, the others with their hands full.
		[ $((RANDOM % 4)) = 0 ] || await_sql 30 busy "SELECT CASE WHEN max(id) > 0 THEN 'busy' END
			FROM outbox WHERE status IN ('sending', 'sent') OR
			NOT EXISTS (SELECT 1 FROM outbox WHERE status = 'queued')"
		sleep "0.$(printf %03d $pause)"
		gateway_kill
	done
	gateway_start
	await_sql 90 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('delivered', 'doubtful')"
	await 30 "receipts for the last rows" receipts_are_over
	gateway_stop
	sim_stop sim
	expect "rows" "$(count_rows 'id > 0')" "$rows"
}

receipts_are_over() {
	sim_report sim
	[ "$(sim_count sim receipts_acked)" = "$(sim_count sim receipts_sent)" ]
}

begin() { # IN_DOUBT
	echo "SEED=$SEED"
	sim_start sim --response-delay 5:40 --receipt-delay 5:40 --deliver-timeout 1000
	smpp_link main "${PORT[sim]}" "window = $WINDOW" | conf "in_doubt = $1" 'lease = 2'
	ctl init
}

killed_with_hold_nothing_is_lost_and_nothing_doubled() {
	begin hold
	kill_again_and_again
	arrived >"$DIR/arrived"
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	local lost unknown
	lost=$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)
	unknown=$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)
	note "seed $SEED: $KILLS kills, $rows rows, $(wc -l <"$DIR/doubtful") doubtful, $lost lost," \
		"$(sim_count sim doubles) doubled"
	expect "rows that say sent and are not at the centre" "$lost" 0
	expect "rows at the centre that say neither sent nor doubtful" "$unknown" 0
	expect "doubles" "$(sim_count sim doubles)" 0
	[ "$(wc -l <"$DIR/doubtful")" -le $((KILLS * WINDOW)) ] ||
		fail "$(wc -l <"$DIR/doubtful") rows are doubtful, more than $KILLS kills by a window of $WINDOW"
	expect "doubtful rows without a reason" "$(count_rows "status = 'doubtful' AND error_text IS NULL")" 0
}

killed_with_resend_every_row_is_delivered() {
	begin resend
	kill_again_and_again
	arrived >"$DIR/arrived"
	recipients_that "status = 'delivered'" >"$DIR/said"
	note "seed $SEED: $KILLS kills, $rows rows, $(comm -13 "$DIR/arrived" "$DIR/said" | wc -l) lost," \
		"$(sim_count sim doubles) doubled"
	[ "$(sim_count sim doubles)" -le $((KILLS * WINDOW)) ] ||
		fail "$(sim_count sim doubles) doubled, more than $KILLS kills by a window of $WINDOW"
	expect "rows delivered" "$(wc -l <"$DIR/said")" "$rows"
	expect "whole messages at the centre" "$(wc -l <"$DIR/arrived")" "$rows"
}

on_all killed_with_hold_nothing_is_lost_and_nothing_doubled
on_one sqlite killed_with_resend_every_row_is_delivered
finish
