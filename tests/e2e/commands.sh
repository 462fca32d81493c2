#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# commands.sh - what an application asks of the network about messages that it has:
# queries, cancels and replacements, and what becomes of them when something breaks.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# A gateway whose message centre keeps messages for so many milliseconds.
gateway_and_centre() { # MS FLAGS...
	local ms=$1
	shift
	sim_start sim --receipt-delay "$ms" --record-json "$DIR/submits" "$@"
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
}

message() { # RECIPIENT BODY: its id, once it is sent
	local id
	id=$(sql "INSERT INTO outbox (recipient, body, sender) VALUES ('$1', '$2', 'Shop') RETURNING id" | head -1)
	await_sql 20 1 "SELECT count(*) FROM outbox WHERE id = $id AND sent_at IS NOT NULL"
	echo "$id"
}

command() { # COLUMNS VALUES: its id
	sql "INSERT INTO command ($1) VALUES ($2) RETURNING id" | head -1
}

await_command() { # ID STATUS
	await_sql 20 "$2" "SELECT status FROM command WHERE id = $1"
}

answer() { # ID
	sql "SELECT coalesce(answer, '') FROM command WHERE id = $1"
}

says() { # ID WORDS: its error_text has them
	local text
	text=$(sql "SELECT error_text FROM command WHERE id = $1")
	[[ $text == *$2* ]] || fail "command $1 says \"$text\", not \"$2\""
}

a_query_tells_what_has_become_of_a_message() {
	gateway_and_centre 6000
	local id first second
	id=$(message +36201234567 'under way')
	first=$(command 'what, outbox_id' "'query', $id")
	await_command "$first" 'done'
	expect "state under way" "$(answer "$first")" enroute
	expect "time under way" "$(sql "SELECT count(answer_at) FROM command WHERE id = $first")" 0
	await_statuses 30 delivered=1
	second=$(command 'what, outbox_id' "'query', $id")
	await_command "$second" 'done'
	expect "state at the end" "$(answer "$second")" delivered
	expect "seconds since it was delivered" \
		"$(sql "SELECT count(*) FROM command WHERE id = $second AND answer_at > $(now_plus -60) AND answer_at <= $(now_plus 2)")" 1
	gateway_stop
}

a_query_makes_good_a_receipt_that_was_lost() {
	gateway_and_centre 0 --receipts off
	local id query long
	long=$(printf 'part of a long text, number %d; ' {1..14})
	id=$(message +36201234567 'no receipt')
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	await_sql 10 delivered "SELECT status FROM outbox WHERE id = $id"
	expect "its word" "$(sql "SELECT word FROM receipt WHERE outbox_id = $id")" query:DELIVRD
	id=$(message +36201234567 "$long")
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	expect "state of a message in parts" "$(answer "$query")" delivered
	await_sql 10 delivered "SELECT status FROM outbox WHERE id = $id"
	expect_at_least "its receipts" "$(sql "SELECT count(*) FROM receipt WHERE outbox_id = $id")" 3
	gateway_stop
}

a_cancelled_message_is_not_delivered() {
	gateway_and_centre 60000
	local id cancel long
	long=$(printf 'part of a long text, number %d; ' {1..14})
	for text in 'not to come' "$long"; do
		id=$(message +36201234567 "$text")
		cancel=$(command 'what, outbox_id' "'cancel', $id")
		await_command "$cancel" 'done'
		await_sql 10 cancelled "SELECT status FROM outbox WHERE id = $id AND done_at IS NOT NULL"
		await_sql 10 1 "SELECT count(DISTINCT word) FROM receipt WHERE outbox_id = $id AND word = 'DELETED'"
		cancel=$(command 'what, outbox_id' "'cancel', $id")
		await_command "$cancel" refused
		says "$cancel" ESME_RCANCELFAIL
		expect "its code" "$(sql "SELECT error_code FROM command WHERE id = $cancel")" 17
		cancel=$(command 'what, outbox_id' "'query', $id")
		await_command "$cancel" 'done'
		expect "its state" "$(answer "$cancel")" deleted
		expect "status of the row" "$(sql "SELECT status FROM outbox WHERE id = $id")" cancelled
	done
	gateway_stop
	sim_stop sim
	! grep DELIVRD "$DIR/sim.record" || fail "it was delivered all the same"
}

all_that_wait_from_one_to_another_are_cancelled_at_once() {
	gateway_and_centre 60000
	local cancel other
	message +36201234567 'one' >"$DIR/ids"
	message +36201234567 'two' >>"$DIR/ids"
	other=$(message +36207654321 'for another')
	cancel=$(command 'what, link, sender, recipient' "'cancel', 'main', 'Shop', '+36201234567'")
	await_command "$cancel" 'done'
	await_sql 10 2 "SELECT count(*) FROM receipt WHERE word = 'DELETED'"
	await_statuses 10 "sent=1 undelivered=2"
	expect "status of the other" "$(sql "SELECT status FROM outbox WHERE id = $other")" sent
	cancel=$(command 'what, link, sender, recipient' "'cancel', 'main', 'Shop', '+36201234567'")
	await_command "$cancel" refused
	gateway_stop
}

a_replaced_message_has_the_new_text() {
	gateway_and_centre 60000
	local id replace
	id=$(message +36201234567 'the old text')
	replace=$(command 'what, outbox_id, body' "'replace', $id, 'the new text @'")
	await_command "$replace" 'done'
	expect "body of the row" "$(sql "SELECT body FROM outbox WHERE id = $id")" 'the new text @'
	expect "what the centre has" "$(sed -n 's/.*"command":"replace_sm".*"short_message":"\([0-9a-f]*\)".*/\1/p' "$DIR/submits")" \
		"$(printf 'the new text ' | od -An -tx1 | tr -d ' \n')00"
	grep '"command":"replace_sm"' "$DIR/submits" | grep -q '"registered_delivery":1' ||
		fail "the receipt that was asked for is not asked for any more"
	id=$(message +36201234567 'старый текст')
	replace=$(command 'what, outbox_id, body' "'replace', $id, 'new'")
	await_command "$replace" 'done'
	expect "UCS-2 stays UCS-2" "$(sed -n 's/.*"command":"replace_sm".*"short_message":"\([0-9a-f]*\)".*/\1/p' "$DIR/submits" | tail -1)" \
		006e00650077
	gateway_stop
}

refused_at_once() { # WORDS COLUMNS VALUES
	local id
	id=$(command "$2" "$3")
	await_command "$id" failed
	says "$id" "$1"
	expect "attempts and owner" "$(sql "SELECT count(*) FROM command WHERE id = $id AND done_at IS NOT NULL")" 1
}

what_can_never_be_asked_fails_in_words() {
	gateway_and_centre 60000
	local id long binary failed waits
	long=$(printf 'part of a long text, number %d; ' {1..14})
	id=$(message +36201234567 'a text')
	refused_at_once 'no message 4711' 'what, outbox_id' "'query', 4711"
	refused_at_once 'which message?' 'what' "'query'"
	refused_at_once 'both given' 'what, outbox_id, link, message_id' "'query', $id, 'main', '7'"
	refused_at_once 'message_id is missing' 'what, link, sender' "'query', 'main', 'Shop'"
	refused_at_once 'give both' 'what, link, sender' "'cancel', 'main', 'Shop'"
	refused_at_once 'no gateway has a link "nowhere"' 'what, link, message_id' "'query', 'nowhere', '7'"
	refused_at_once 'body is missing' 'what, outbox_id' "'replace', $id"
	refused_at_once 'not in GSM 7-bit' 'what, outbox_id, body' "'replace', $id, 'кириллица'"
	refused_at_once 'too long' 'what, outbox_id, body' "'replace', $id, '$long'"
	id=$(message +36201234567 "$long")
	refused_at_once 'parts' 'what, outbox_id, body' "'replace', $id, 'new'"
	failed=$(sql "INSERT INTO outbox (recipient, body) VALUES ('nobody', 'x') RETURNING id" | head -1)
	await_sql 20 failed "SELECT status FROM outbox WHERE id = $failed"
	refused_at_once 'never had it' 'what, outbox_id' "'query', $failed"
	waits=$(sql "INSERT INTO outbox (recipient, body, send_after) VALUES ('+36201234567', 'x', $(now_plus 3600)) RETURNING id" | head -1)
	refused_at_once "UPDATE outbox SET status = 'cancelled' WHERE id = $waits" 'what, outbox_id' "'cancel', $waits"
	binary=$(sql "INSERT INTO outbox (recipient, data, kind) VALUES ('+36201234567', CAST('abc' AS $([ "$ENGINE" = sqlite ] && echo blob || echo bytea)), 'binary') RETURNING id" | head -1)
	await_sql 20 1 "SELECT count(*) FROM outbox WHERE id = $binary AND message_id IS NOT NULL"
	refused_at_once 'only a text' 'what, outbox_id, body' "'replace', $binary, 'new'"
	gateway_stop
	sim_stop sim
	expect "commands that reached the centre" "$(sim_count sim commands)" 0
}

a_centre_says_no_in_its_own_words() {
	sim_start sim --receipt-delay 60000
	sim_start dull --receipt-delay 60000 --no-commands
	{ smpp_link main "${PORT[sim]}"; smpp_link dull "${PORT[dull]}"; } | conf
	ctl init
	gateway_up 2
	local id query
	query=$(command 'what, link, message_id, sender' "'query', 'main', '12345', 'Shop'")
	await_command "$query" refused
	says "$query" ESME_RINVMSGID
	id=$(sql "INSERT INTO outbox (recipient, body, link) VALUES ('+36201234567', 'x', 'dull') RETURNING id" | head -1)
	await_sql 20 sent "SELECT status FROM outbox WHERE id = $id"
	query=$(command 'what, outbox_id' "'cancel', $id")
	await_command "$query" refused
	says "$query" 'does not know how to cancel'
	expect "status of the row" "$(sql "SELECT status FROM outbox WHERE id = $id")" sent
	expect "state of the link" "$(sql "SELECT state FROM link WHERE name = 'dull'")" up
	gateway_stop
}

the_source_address_is_that_of_the_message() {
	gateway_and_centre 60000
	local id sender query
	for sender in '' Shop 88100 +36301234567 Müller; do
		id=$(sql "INSERT INTO outbox (recipient, body, sender) VALUES ('+36201234567', 'x', '$sender') RETURNING id" | head -1)
		await_sql 20 sent "SELECT status FROM outbox WHERE id = $id"
		query=$(command 'what, outbox_id' "'query', $id")
		await_command "$query" 'done'
		expect "state of a message from \"$sender\"" "$(answer "$query")" enroute
		query=$(command 'what, link, message_id, sender' "'query', 'main', (SELECT message_id FROM outbox WHERE id = $id), '$sender'")
		await_command "$query" 'done'
	done
	gateway_stop
}

a_command_waits_for_its_link() {
	gateway_and_centre 60000
	local id query port=${PORT[sim]}
	id=$(message +36201234567 'text')
	sim_stop sim
	await_sql 20 down "SELECT CASE state WHEN 'up' THEN 'up' ELSE 'down' END FROM link WHERE name = 'main'"
	query=$(command 'what, link, message_id, sender' "'query', 'main', (SELECT message_id FROM outbox WHERE id = $id), 'Shop'")
	expect "status without a link" "$(sql "SELECT status FROM command WHERE id = $query")" asked
	sim_start sim --smpp "$port" --receipt-delay 60000
	await_command "$query" refused         # it is another centre now, and knows nothing
	gateway_stop
}

# The answer never comes: the gateway dies, then the connection.
a_query_survives_the_gateway_and_the_connection_and_a_cancel_says_that_nobody_knows() {
	gateway_and_centre 60000 --silent-commands
	local id query cancel port=${PORT[sim]}
	id=$(message +36201234567 'text')
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" sending
	gateway_kill
	expect "its owner" "$(sql "SELECT owner FROM command WHERE id = $query")" gw1/1
	gateway_up
	await_sql 20 gw1/2 "SELECT owner FROM command WHERE id = $query AND status = 'sending'"
	cancel=$(command 'what, outbox_id' "'cancel', $id")
	await_command "$cancel" sending
	kill -KILL "${PID[sim]}"
	await_gone 10 "${PID[sim]}"
	unset 'PID[sim]'
	await_command "$cancel" failed
	says "$cancel" 'nobody knows whether the network did it'
	expect "status of the row" "$(sql "SELECT status FROM outbox WHERE id = $id")" sent
	await_sql 20 asked "SELECT status FROM command WHERE id = $query"
	sim_start sim --smpp "$port" --receipt-delay 60000
	await_command "$query" refused
	says "$query" ESME_RINVMSGID
	gateway_stop
}

# Those of docs/commands.md, about a message with the number that they have.
every_example_of_the_documentation_is_asked() {
	gateway_and_centre 60000
	sql "INSERT INTO outbox (id, recipient, body, sender) VALUES (17, '+36201234567', 'At ten', 'Shop')"
	await_statuses 20 sent=1
	sed -n 's/^|.*`\(INSERT INTO command .*;\)`.*/\1/p' docs/commands.md >"$DIR/examples"
	expect_at_least "examples" "$(wc -l <"$DIR/examples")" 6
	while read -r example; do
		sql "$example"
		await_sql 20 0 "SELECT count(*) FROM command WHERE status IN ('asked', 'sending')"
	done <"$DIR/examples"
	expect "answers" "$(sql "SELECT what || '=' || status FROM command ORDER BY id" | paste -sd' ')" \
		"query=done cancel=done replace=refused query=refused query=refused cancel=refused"
	gateway_stop
}

smsqlctl_asks_and_waits_for_the_answer() {
	gateway_and_centre 60000
	local id
	id=$(message +36201234567 'At ten')
	expect "a query" "$(ctl ask query "$id" --wait | tail -1)" 'done: enroute'
	expect "a replacement" "$(ctl ask replace "$id" 'At nine' --wait | tail -1)" 'done'
	expect "the new text" "$(sql "SELECT body FROM outbox WHERE id = $id")" 'At nine'
	ctl ask cancel "$id" --wait
	! ctl ask cancel "$id" --wait 2>"$DIR/said.log" || fail "a cancel that was refused ends with 0"
	grep -q 'refused: ESME_RCANCELFAIL' "$DIR/said.log" || fail "$(cat "$DIR/said.log")"
	! ctl ask query 4711 --wait --json >"$DIR/said.out" 2>/dev/null || fail "a query that failed ends with 0"
	grep -q '"status": "failed"' "$DIR/said.out" || fail "$(cat "$DIR/said.out")"
	gateway_stop
}

# Octets that are packed and unpacked by code that nobody of this project wrote, and
# dissected by a third.
a_foreign_centre_and_a_dissector_understand_every_question() {
	peer_start --account shop:secret --receipt-delay 60000
	smpp_link main "${PORT[peer]}" 'password = "secret"' | conf
	ctl init
	capture_start peer
	gateway_up
	local id command
	id=$(message +36201234567 'At ten')
	command=$(command 'what, outbox_id' "'query', $id")
	await_command "$command" 'done'
	expect "state under way" "$(answer "$command")" enroute
	command=$(command 'what, outbox_id, body' "'replace', $id, 'At nine: 5 @'")
	await_command "$command" 'done'
	command=$(command 'what, outbox_id' "'cancel', $id")
	await_command "$command" 'done'
	command=$(command 'what, outbox_id' "'query', $id")
	await_command "$command" 'done'
	expect "state at the end" "$(answer "$command")" deleted
	expect "its time" "$(sql "SELECT count(*) FROM command WHERE id = $command AND answer_at > $(now_plus -60) AND answer_at <= $(now_plus 2)")" 1
	command=$(command 'what, link, message_id, sender' "'query', 'main', 'peer-1', 'Other'")
	await_command "$command" refused
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	tail -1 "$DIR/peer.out" >"$DIR/peer.json"
	node -e 'const saw = JSON.parse(require("fs").readFileSync(process.argv[1]));
		if (saw.problems.length) throw JSON.stringify(saw.problems);
		for (const c of saw.commands) console.log([c.command, c.id, c.source, c.destination || "", c.data || ""].join("|"))' \
		"$DIR/peer.json" >"$DIR/commands.out"
	printf '%s\n' 'query_sm|peer-1|Shop||' "replace_sm|peer-1|Shop||$(printf 'At nine: 5 ' | od -An -tx1 | tr -d ' \n')00" \
		'cancel_sm|peer-1|Shop|36201234567|' 'query_sm|peer-1|Shop||' 'query_sm|peer-1|Other||' |
		diff - "$DIR/commands.out" || fail "the peer understood something else"
	capture_end
	expect "queries that tshark dissected" "$(frames 'smpp.command_id == 3 and smpp.source_addr')" 3
	expect "cancels that tshark dissected" "$(frames 'smpp.command_id == 8 and smpp.destination_addr == "36201234567"')" 1
	expect "replacements that tshark dissected" "$(frames 'smpp.command_id == 7 and smpp.message_id == "peer-1"')" 1
}

# One id for all: it is asked once, and its answer is nobody's receipt.
a_message_to_several_is_asked_about_once() {
	gateway_and_centre 3000 --fail 36201000003
	local id query cancel
	id=$(sql "INSERT INTO outbox (recipient, body, sender, options) VALUES ('+36201000001', 'to all', 'Shop',
	     '{\"recipients\": [\"+36201000002\", \"+36201000003\"]}') RETURNING id" | head -1)
	await_sql 20 sent "SELECT status FROM outbox WHERE id = $id"
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	expect "state" "$(answer "$query")" enroute
	cancel=$(command 'what, outbox_id, body' "'replace', $id, 'other'")
	await_command "$cancel" failed
	await_sql 20 undelivered "SELECT status FROM outbox WHERE id = $id"
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	expect "state at the end" "$(answer "$query")" delivered
	expect "receipts" "$(sql "SELECT count(*) FROM receipt WHERE outbox_id = $id")" 2
	gateway_stop
	sim_stop sim
	expect "questions" "$(sim_count sim commands)" 2
}

a_broadcast_is_asked_about_and_stopped() {
	sim_start sim --speak 0x50 --receipt-delay 60000
	smpp_link main "${PORT[sim]}" 'interface_version = "5.0"' | conf
	ctl init
	capture_start sim
	gateway_up
	local id query cancel
	id=$(sql "INSERT INTO outbox (recipient, body, kind, sender, options) VALUES ('everybody', 'Flood', 'broadcast', 'CIVIL',
	     '{\"areas\": [\"ZONE-6\"], \"broadcast_content\": 1, \"repetitions\": 5,
	       \"interval\": {\"unit\": \"minutes\", \"count\": 10}}') RETURNING id" | head -1)
	await_sql 20 sent "SELECT status FROM outbox WHERE id = $id"
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	expect "state on the air" "$(answer "$query")" enroute
	cancel=$(command 'what, outbox_id' "'cancel', $id")
	await_command "$cancel" 'done'
	expect "the row" "$(sql "SELECT status FROM outbox WHERE id = $id")" cancelled
	query=$(command 'what, outbox_id' "'query', $id")
	await_command "$query" 'done'
	expect "state at the end" "$(answer "$query")" deleted
	cancel=$(command 'what, outbox_id' "'cancel', $id")
	await_command "$cancel" refused
	says "$cancel" ESME_RBCASTCANCELFAIL
	gateway_stop
	sim_stop sim
	# This version of tshark takes broadcast_rep_num, which has two octets, for one.
	capture_end 'smpp.command_id == 0x111 and smpp.broadcast_rep_num'
	expect "broadcasts that tshark dissected" "$(frames 'smpp.command_id == 0x111')" 1
	expect "queries that tshark dissected" "$(frames 'smpp.command_id == 0x112')" 2
	expect "cancels that tshark dissected" "$(frames 'smpp.command_id == 0x113')" 2
}

on_both a_message_to_several_is_asked_about_once
on_both a_query_tells_what_has_become_of_a_message \
	a_query_makes_good_a_receipt_that_was_lost \
	a_cancelled_message_is_not_delivered \
	all_that_wait_from_one_to_another_are_cancelled_at_once \
	a_replaced_message_has_the_new_text \
	a_command_waits_for_its_link \
	every_example_of_the_documentation_is_asked \
	smsqlctl_asks_and_waits_for_the_answer \
	a_query_survives_the_gateway_and_the_connection_and_a_cancel_says_that_nobody_knows
on_one sqlite a_broadcast_is_asked_about_and_stopped \
	what_can_never_be_asked_fails_in_words \
	a_centre_says_no_in_its_own_words \
	the_source_address_is_that_of_the_message \
	a_foreign_centre_and_a_dissector_understand_every_question
on_one mysql a_query_tells_what_has_become_of_a_message a_replaced_message_has_the_new_text
finish
