#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# soak.sh - full load into a message centre that throttles, refuses, drops one response in a
# hundred, answers as many too late, cuts every connection now and then, and sends its
# receipts in any order.
#
# Every row has a recipient of its own. With in_doubt = hold nobody gets a message twice,
# with resend nobody goes without, and in the end every row says what became of it.
# SOAK_SECONDS=600 makes it long (make soak MINUTES=10), ENGINE_OF_SOAK=sqlite chooses.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

SOAK_SECONDS=${SOAK_SECONDS:-15}
CUT_SECONDS=$((SOAK_SECONDS >= 100 ? 20 : 4))
WAVE=4000
rows=0

begin() { # IN_DOUBT
	sim_start sim --rate 2500 --error 0x08:0.001 --drop-responses 0.01 \
		--late 0.01 --late-delay 1500:2000 --response-delay 2:20 --receipt-delay 10:1500 \
		--early-receipts 0.05 --undelivered 0.02 --disconnect-seconds $CUT_SECONDS --deliver-timeout 2000
	smpp_link main "${PORT[sim]}" 'window = 200 response_timeout = 1' | conf "in_doubt = $1"
	ctl init
	gateway_up
}

waiting() { # each by its index
	sql "SELECT (SELECT count(*) FROM outbox WHERE queue = 0) + (SELECT count(*) FROM outbox WHERE queue = 1) +
		(SELECT count(*) FROM outbox WHERE queue = 3)"
}

# There is always more to send than the link takes.
feed() {
	local until=$((SECONDS + SOAK_SECONDS))
	while [ "$SECONDS" -lt "$until" ]; do
		if [ "$(waiting)" -lt "$WAVE" ]; then
			insert_many $WAVE 'recipient, body' "'+36' || (200000000 + $rows + i), 'row ' || ($rows + i)"
			rows=$((rows + WAVE))
		fi
		sleep 0.2
	done
}

# Retries of 30 s and more are part of it; here they are called at once.
settle_all() {
	local until=$((SECONDS + 120))
	until [ "$(waiting)" = 0 ]; do
		[ "$SECONDS" -lt "$until" ] || fail "rows are still waiting: $(statuses)"
		sql "UPDATE outbox SET send_after = created_at WHERE queue = 0 AND status = 'queued' AND send_after > $(now_plus 1)"
		sleep 0.3
	done
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status = 'sent'"
	gateway_stop
	sim_stop sim
	arrived >"$DIR/arrived"
	expect "rows" "$(count_rows 'id > 0')" "$rows"
	expect "rows that say nothing final, or not why" "$(sql "SELECT count(*) FROM outbox WHERE status NOT IN
		('delivered', 'undelivered') AND NOT (status IN ('doubtful', 'failed') AND error_text IS NOT NULL)")" 0
	note "$SOAK_SECONDS s, $rows rows, $(statuses), $(sim_count sim throttled) throttled," \
		"$(sim_count sim dropped_responses) dropped, $(sim_count sim disconnects) cuts," \
		"$(sim_count sim receipts_early) early receipts, $(sim_count sim doubles) doubled"
}

arrived() { awk 'NF == 4 { print $2 }' "$DIR/sim.record" | tr -d + | sort -u; }

recipients_that() { # CONDITION
	sql "SELECT ltrim(recipient, '+') FROM outbox WHERE $1" | sort
}

with_hold_nobody_gets_a_message_twice_from_a_bad_centre() {
	begin hold
	feed
	settle_all
	expect "doubles" "$(sim_count sim doubles)" 0
	recipients_that "status IN ('delivered', 'undelivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	expect "rows that say it arrived there and did not" "$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)" 0
	expect "rows that arrived there and do not say so" \
		"$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)" 0
}

with_resend_nobody_goes_without_from_a_bad_centre() {
	begin resend
	feed
	settle_all
	expect "recipients at the centre" "$(wc -l <"$DIR/arrived")" "$rows"
	expect "rows that are neither delivered nor undelivered" \
		"$(count_rows "status NOT IN ('delivered', 'undelivered')")" 0
}

for engine in ${ENGINE_OF_SOAK:-sqlite pgsql}; do
	on_one "$engine" with_hold_nobody_gets_a_message_twice_from_a_bad_centre
done
[ "$SOAK_SECONDS" -le 15 ] ||           # as a part of make check chaos.sh has that
	on_one "${ENGINE_OF_SOAK:-sqlite}" with_resend_nobody_goes_without_from_a_bad_centre
finish
