#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hostile.sh - a running gateway against every broken PDU of the vectors that a message centre
# may send: what it answers, whether it goes on, and that no row is lost over it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

said_done() { grep -q '^DONE' "$DIR/hostile.out"; }

every_broken_pdu_of_a_centre_is_answered_as_it_should_be() {
	node tests/peers/hostile.js tests/vectors/smpp.json >"$DIR/hostile.out" 2>"$DIR/hostile.log" &
	PID[hostile]=$!
	await 20 "the centre is READY" started hostile
	local trx tx common='window = 1 pdu_timeout = 1 password = "x"'
	trx=$(sed -n 's/^READY transceiver=\([0-9]*\).*/\1/p' "$DIR/hostile.out")
	tx=$(sed -n 's/.*transmitter=\([0-9]*\).*/\1/p' "$DIR/hostile.out")
	{
		smpp_link trx "$trx" "bind = transceiver $common"
		smpp_link tx "$tx" "bind = transmitter $common"
	} | conf 'in_doubt = hold'
	ctl init
	insert_many 100 'recipient, body, link' \
		"'+3620' || (1000000 + i), 'row ' || i, CASE i % 2 WHEN 0 THEN 'trx' ELSE 'tx' END"
	gateway_start
	await 120 "the end of the vectors" said_done
	cat "$DIR/hostile.out" "$DIR/hostile.log"
	expect "vectors that went wrong" "$(grep -c '^bad' "$DIR/hostile.out" || true)" 0
	expect "vectors tried" "$(grep -c '^ok' "$DIR/hostile.out")" "$(sed -n 's/^DONE //p' "$DIR/hostile.out")"
	# The session was closed over some; the rest is sent.
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE queue <> 2"
	expect "rows refused by M36 and M37" \
		"$(sql "SELECT count(*) FROM outbox WHERE status = 'failed' AND error_code IN (3, 11)")" 2
	expect "rows in doubt without a session that was closed" "$(sql "SELECT count(*) FROM outbox WHERE
		status NOT IN ('sent', 'failed') AND NOT (status = 'doubtful' AND error_text IS NOT NULL)")" 0
	note "$(grep -c '^ok' "$DIR/hostile.out") vectors, rows $(statuses)"
	gateway_stop
}

on_one sqlite every_broken_pdu_of_a_centre_is_answered_as_it_should_be
finish
