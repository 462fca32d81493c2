#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# life.sh - the life of a row: from INSERT to the state it is to end in, and why.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

fails=36209999001 undeliverable=36209999002

# ref | recipient | body | other columns | their values
rows_of_life() {
	local long300 unicode130
	long300=$(printf 'long message number %03d. ' {1..18})
	unicode130=$(printf 'Árvíztűrő tükörfúrógép %d. ' {1..6})
	cat <<-END
	plain|+36201234567|Hello|kind|'text'
	accents|+36201234568|@ £ \$ ¥ è é [ ] { } € ~|kind|'text'
	unicode|+36201234569|Szia, привет, 你好 😀|kind|'text'
	long|+36201234570|${long300:0:400}|kind|'text'
	longuni|+36201234571|${unicode130:0:150}|kind|'text'
	empty|+36201234581||kind|'text'
	flash|+36201234572|Look up!|kind|'flash'
	sender|+36201234573|from a name|sender|'Shop'
	pinned|+36201234574|over one link|link|'main'
	fails|+$fails|nobody there|kind|'text'
	undeliv|+$undeliverable|switched off|kind|'text'
	impossible|abc|to no number|kind|'text'
	scheduled|+36201234575|later|send_after|$(now_plus 2)
	expired|+36201234576|too late|expires_at|$(now_plus -1)
	noreceipt|+36201234577|no receipt wanted|receipt|$([ "$ENGINE" = sqlite ] && echo 0 || echo false)
	cancelled|+36201234578|never mind|send_after|$(now_plus 3600)
	options|+36201234581|őz – ok|options|'{"transliterate": "on", "class": 1, "tlvs": {"0x1401": "0A"}}'
	sar|+36201234582|$(printf 'x%.0s' {1..200})|options|'{"concat": "sar"}'
	payload|+36201234583|$(printf 'x%.0s' {1..900})|options|'{"concat": "payload"}'
	badoption|+36201234584|x|options|'{"clas": 1}'
	silent|+36201234585||kind|'silent'
	badkind|+36201234579|what is it|kind|'pigeon'
	toolong|+36201234580|$(printf 'x%.0s' {1..40000})|kind|'text'
	END
}

expected_ends='accents delivered 1 -
badkind failed 0 pigeon
badoption failed 0 did you mean .class
cancelled cancelled 0 -
empty delivered 1 -
expired expired 0 expired
fails failed 1 36209999001|destination|recipient|number|address
flash delivered 1 -
impossible failed 0 abc
long delivered 3 -
longuni delivered 3 -
noreceipt sent 1 -
options delivered 1 -
payload delivered 1 -
pinned delivered 1 -
plain delivered 1 -
sar delivered 2 -
scheduled delivered 1 -
sender delivered 1 -
silent delivered 1 -
toolong failed 0 too long
undeliv undelivered 1 .
unicode delivered 1 -'

insert_rows_of_life() {
	local ref recipient body column value
	while IFS='|' read -r ref recipient body column value; do
		sql "INSERT INTO outbox (ref, recipient, body, $column)
		     VALUES ('$ref', '$recipient', '$body', $value)"
	done < <(rows_of_life)
	# From then on a claim meets it, and takes it out of the queue.
	sql "UPDATE outbox SET status = 'cancelled', send_after = created_at WHERE ref = 'cancelled' AND status = 'queued'"
}

every_row_ends_as_it_should_and_says_why() {
	sim_start sim --fail $fails --undeliverable $undeliverable
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	insert_rows_of_life
	await_sql 20 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending') OR
		(status = 'sent' AND ref <> 'noreceipt')"
	compare_rows "$expected_ends"
	expect "scheduled rows that left too early" 0 "$(count_rows "sent_at < send_after")"
	expect "rows with all their times" 14 "$(count_rows "status = 'delivered' AND link_used = 'main'
		AND claimed_at IS NOT NULL AND sent_at IS NOT NULL AND done_at IS NOT NULL AND attempts = 1
		AND message_id IS NOT NULL")"
	expect "parts in outbox_part" 8 "$(sql "SELECT count(*) FROM outbox_part WHERE status = 'delivered'")"
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "receipts not acknowledged" "$(sim_count sim receipts_acked)" "$(sim_count sim receipts_sent)"
}

a_message_from_a_handset_arrives_in_inbox() {
	sim_start sim --inbound-count 50 --inbound-from 447700900001 --inbound-to 12345 --inbound-text 'hello %d'
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	await_sql 20 50 "SELECT count(*) FROM inbox WHERE taken_at IS NULL"
	gateway_stop
	sim_stop sim
	expect "inbound acknowledged" "$(sim_count sim inbound_acked)" 50
	expect "different texts" "$(sql "SELECT count(DISTINCT body) FROM inbox WHERE body LIKE 'hello %'
		AND link = 'main' AND sender LIKE '%447700900001' AND recipient LIKE '%12345'")" 50
}

a_row_is_on_the_wire_within_100_ms_on_an_idle_gateway() {
	sim_start sim
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	local i
	for i in {1..10}; do
		sql "INSERT INTO outbox (recipient, body) VALUES ('+3620123450$i', 'now')"
		await_sql 10 "$i" "SELECT count(*) FROM outbox WHERE status = 'delivered'"
	done
	# From INSERT to the commit that the network took it: more than the way to the wire.
	local worst
	worst=$(sql "SELECT max($(ms_between created_at sent_at)) FROM outbox")
	note "slowest of 10: $worst ms until recorded as sent$([ "$worst" -le 100 ] || echo '; WARNING: over 100 ms')"
	gateway_stop
}

a_schema_that_is_missing_is_said_with_the_remedy_and_awaited() {
	sim_start sim
	smpp_link main "${PORT[sim]}" | conf
	gateway_start
	await_log 15 'smsqlctl.*init'
	expect "lines that say so" "$(grep -c 'event=broken' "$DIR/smsqld.log")" 1
	ctl init
	ctl init
	ctl check
	await_sql 20 1 "SELECT count(*) FROM link WHERE state = 'up'"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'at last')"
	await_statuses 15 delivered=1
	gateway_stop
}

the_operators_command_sends_shows_and_decides() {
	sim_start sim --fail $fails
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	ctl send +36201234567 'by hand' --wait | grep delivered
	ctl send +$fails 'by hand' --wait && fail "a failed message ends with status 0"
	ctl status | grep delivered
	ctl links | grep main
	local json
	for json in status links queue doubtful; do
		ctl "$json" --json | node -e 'JSON.parse(require("fs").readFileSync(0))'
	done
	local id
	id=$(sql "SELECT id FROM outbox WHERE status = 'failed'")
	ctl retry "$id"
	await_sql 10 "failed 2" "SELECT CAST(status AS text) || ' ' || attempts FROM outbox WHERE id = $id"
	sql "INSERT INTO outbox (recipient, body, send_after) VALUES ('+36201234567', 'x', $(now_plus 3600))"
	ctl queue | grep 36201234567
	id=$(sql "SELECT max(id) FROM outbox")
	ctl cancel "$id"
	expect "status after cancel" "$(sql "SELECT status FROM outbox WHERE id = $id")" cancelled
	ctl cancel 999999 2>"$DIR/refusal" && fail "cancelling a row that is not there ends with status 0"
	[ "$(wc -l <"$DIR/refusal")" = 1 ] || fail "the reason is not one line: $(cat "$DIR/refusal")"
	gateway_stop
}

# Each INSERT that the documentation shows, as it stands there.
every_example_of_the_documentation_is_sent() {
	local inserts
	inserts=$(grep -oE '`INSERT INTO outbox [^`]*`' docs/options.md | tr -d '\`')
	expect_at_least "examples" "$(wc -l <<<"$inserts")" 30
	sim_start sim --speak 0x50 --list STAFF=36201000201,36201000202
	smpp_link main "${PORT[sim]}" 'window = 50 interface_version = "5.0" tlv_names = "0x1401 template_id text"' | conf
	ctl init
	gateway_up
	[ "$ENGINE" != pgsql ] || inserts=$(sed -E "s/X'([0-9A-F]*)'/'\\\\x\\1'/g" <<<"$inserts")
	sql "$inserts"
	# A broadcast has no receipt, and neither have a list and a turn of USSD.
	await_sql 20 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending') OR (status = 'sent'
		AND kind NOT IN ('broadcast', 'ussd') AND coalesce(CAST(options AS text), '') NOT LIKE '%lists%')"
	expect "examples that were not delivered" "$(sql "SELECT coalesce(min(CAST(options AS text) || error_text), '')
		FROM outbox WHERE status <> 'delivered' AND status <> 'sent'")" ""
	expect "those without a receipt" "$(sql "SELECT count(*) FROM outbox WHERE status = 'sent' AND error_text IS NULL")" \
		"$(grep -cE "'broadcast'|'ussd'|lists" <<<"$inserts")"
	gateway_stop
}

on_both every_row_ends_as_it_should_and_says_why a_message_from_a_handset_arrives_in_inbox \
	a_row_is_on_the_wire_within_100_ms_on_an_idle_gateway \
	a_schema_that_is_missing_is_said_with_the_remedy_and_awaited \
	the_operators_command_sends_shows_and_decides every_example_of_the_documentation_is_sent
on_one mysql every_row_ends_as_it_should_and_says_why a_message_from_a_handset_arrives_in_inbox \
	a_schema_that_is_missing_is_said_with_the_remedy_and_awaited \
	the_operators_command_sends_shows_and_decides every_example_of_the_documentation_is_sent
finish
