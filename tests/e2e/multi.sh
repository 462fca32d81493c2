#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# multi.sh - one message to several recipients, data_sm, broadcasts, and parameters that a
# provider has made up: what leaves, what comes back, and what the rows say of it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

refused=36209999001 undeliverable=36209999002

# recipient status error_code of each, in the order of their numbers.
recipients_of() { # OUTBOX-ID
	sql "SELECT recipient || ' ' || CAST(status AS text) || ' ' || coalesce(error_code, 0) FROM outbox_part
	     WHERE outbox_id = $1 ORDER BY part, recipient" | paste -sd, | sed 's/,/, /g'
}

row() { # ID COLUMN
	sql "SELECT CAST($2 AS text) FROM outbox WHERE id = $1"
}

recorded() { # COMMAND: how many of it the message centre has
	grep -c "\"command\":\"$1\"" "$DIR/sim.json" || true
}

centre_and_link() { # SIM-FLAGS -- LINK-KEYS
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	sim_start sim --record-json "$DIR/sim.json" --fail $refused --undeliverable $undeliverable \
		--list STAFF=36201000201,36201000202 "${flags[@]}"
	smpp_link main "${PORT[sim]}" "$2" | conf
	ctl init
	gateway_up
}

of_five_recipients_one_is_refused_and_one_not_reached() {
	centre_and_link -- 'window = 10'
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201000001', 'to all of you',
	     '{\"recipients\": [\"+36201000002\", \"+$refused\", \"+$undeliverable\", \"0036 20 100-0005\"]}')"
	await_sql 20 undelivered "SELECT status FROM outbox"
	expect "text at the end" "$(row 1 error_text)" "2 of 5 recipients not reached: see outbox_part"
	expect "recipients" "$(recipients_of 1)" "+36201000001 delivered 0, +36201000002 delivered 0, \
+36209999001 failed 11, +36209999002 undelivered 1, 0036 20 100-0005 delivered 0"
	expect "parts" "$(row 1 parts)" 5
	expect "ids" "$(sql "SELECT count(DISTINCT message_id) FROM outbox_part WHERE message_id <> ''")" 1
	expect "submit_multi" "$(recorded submit_multi)" 1
	expect "receipts without their message" "$(sql "SELECT count(*) FROM receipt WHERE outbox_id IS NULL")" 0
	gateway_stop
	sim_stop sim
	expect "destinations" "$(sim_count sim destinations)" 4
	expect "doubles" "$(sim_count sim doubles)" 0
}

while_receipts_are_awaited_the_row_says_how_many_were_refused() {
	centre_and_link --receipts off -- 'window = 10'
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201000001', 'to both of you',
	     '{\"recipients\": [\"+$refused\"], \"lists\": [\"STAFF\"]}')"
	await_statuses 20 sent=1
	expect "text" "$(row 1 error_text)" "1 of 3 recipients refused: see outbox_part"
	expect "recipients" "$(recipients_of 1)" "+36201000001 sent 0, +$refused failed 11, STAFF sent 0"
	gateway_stop
	sim_stop sim
	expect "destinations, with those of the list" "$(sim_count sim destinations)" 3
}

receipts_that_overtake_the_answer_find_their_recipients() {
	centre_and_link --early-receipts 1 --response-delay 300 -- 'window = 10'
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201000001', '$(printf 'long %03d. ' {1..30})',
	     '{\"recipients\": [\"+36201000002\", \"+36301000002\"]}')"
	await_statuses 20 delivered=1
	expect "recipients" "$(recipients_of 1)" "+36201000001 delivered 0, +36201000002 delivered 0, \
+36301000002 delivered 0, +36201000001 delivered 0, +36201000002 delivered 0, +36301000002 delivered 0"
	expect "parts" "$(row 1 parts)" 6
	gateway_stop
	sim_stop sim
	expect "submit_multi" "$(sim_count sim multis)" 2
	expect "whole messages" "$(sim_count sim messages)" 3
}

when_all_are_refused_the_row_fails_and_a_retry_is_for_those_who_lack_it() {
	centre_and_link -- 'window = 10'
	sql "INSERT INTO outbox (recipient, body, options) VALUES
	     ('+$refused', 'to nobody', '{\"lists\": [\"NOBODY\"]}'),
	     ('+36201000001', 'again', '{\"recipients\": [\"+$undeliverable\"]}')"
	await_statuses 20 "failed=1 undelivered=1"
	row 1 error_text | grep -q '^all 2 recipients refused: ESME_RINVDSTADR' || fail "$(row 1 error_text)"
	expect "recipients" "$(recipients_of 1)" "+$refused failed 11, NOBODY failed 52"
	ctl retry 2
	await_sql 20 "2 undelivered" "SELECT attempts || ' ' || CAST(status AS text) FROM outbox WHERE id = 2"
	expect "recipients" "$(recipients_of 2)" "+36201000001 delivered 0, +$undeliverable undelivered 1"
	gateway_stop
	sim_stop sim
	expect "doubles, of the one that was not reached" "$(sim_count sim doubles)" 1
}

a_whole_that_is_throttled_or_in_doubt_is_so_for_all() {
	centre_and_link --error 0x58:0.5 --drop-responses 0.2 -- 'window = 10 response_timeout = 1'
	local i
	for i in {1..8}; do
		sql "INSERT INTO outbox (recipient, body, options, in_doubt) VALUES ('+3620100010$i', 'whole $i',
		     '{\"recipients\": [\"+3620100020$i\", \"+3620100030$i\"]}', 'hold')"
	done
	# A receipt settles those whose answer was dropped only where it can be found by its id: here it cannot.
	await_sql 40 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending', 'sent')"
	expect "recipients of rows in doubt that are not" "$(sql "SELECT count(*) FROM outbox o JOIN outbox_part p
		ON p.outbox_id = o.id WHERE o.status = 'doubtful' AND p.status <> 'doubtful'")" 0
	expect "rows neither delivered nor in doubt" "$(count_rows "status NOT IN ('delivered', 'doubtful')")" 0
	expect_at_least "rows in doubt" "$(count_rows "status = 'doubtful'")" 1
	expect_at_least "rows delivered" "$(count_rows "status = 'delivered'")" 1
	expect "recipients of delivered rows" "$(sql "SELECT count(*) FROM outbox o JOIN outbox_part p
		ON p.outbox_id = o.id WHERE o.status = 'delivered' AND p.status = 'delivered'")" \
		"$((3 * $(count_rows "status = 'delivered'")))"
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
	expect_at_least "throttled" "$(sim_count sim throttled)" 1
}

a_late_answer_settles_all_and_tells_who_was_refused() {
	centre_and_link --late 1 --late-delay 4000 --receipts off -- 'window = 10 response_timeout = 1'
	sql "INSERT INTO outbox (recipient, body, options, in_doubt) VALUES ('+36201000001', 'late',
	     '{\"recipients\": [\"+$refused\", \"+36201000002\"]}', 'hold')"
	await_sql 20 3 "SELECT count(*) FROM outbox_part WHERE status = 'doubtful'"
	await_sql 20 "sent 2, undelivered 1" "SELECT 'sent ' || (SELECT count(*) FROM outbox_part WHERE status = 'sent') ||
		', undelivered ' || (SELECT count(*) FROM outbox_part WHERE status = 'undelivered' AND recipient = '+$refused' AND
		error_code = 11 AND error_text LIKE 'ESME_RINVDSTADR%')"
	expect "the whole" "$(row 1 status)" sent
	gateway_stop
}

a_session_of_33_has_submit_multi_and_no_data_sm() {
	centre_and_link --speak 0x33 -- 'interface_version = "3.3"'
	sql "INSERT INTO outbox (recipient, body, options) VALUES
	     ('+36201000001', 'all', '{\"recipients\": [\"+36201000002\"]}'),
	     ('+36201000003', 'one', '{\"operation\": \"data_sm\"}')"
	sql "INSERT INTO outbox (recipient, body, kind, options) VALUES ('everybody', 'flood', 'broadcast',
	     '{\"areas\": [\"ZONE-7\"], \"broadcast_content\": 1, \"repetitions\": 1, \"interval\": {\"unit\": \"fast\"}}')"
	await_statuses 20 "delivered=1 failed=2"
	expect "why not" "$(row 2 error_text)" "data_sm needs SMPP 3.4, and this session is of 3.3"
	row 3 error_text | grep -q '^broadcast_sm needs SMPP 5.0' || fail "$(row 3 error_text)"
	gateway_stop
}

a_loop_says_that_it_cannot() {
	printf 'link "main" { driver = loop }\n' | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201000001', 'all', '{\"recipients\": [\"+36201000002\"]}')"
	await_statuses 20 failed=1
	row 1 error_text | grep -q 'driver loop has no messages to several' || fail "$(row 1 error_text)"
	gateway_stop
}

data_sm_carries_texts_and_its_receipts_come_back() {
	centre_and_link -- 'submit_with = data_sm'
	sql "INSERT INTO outbox (recipient, body, options) VALUES
	     ('+36201000001', 'by data', '{\"validity\": 3600}'),
	     ('+36201000002', '$(printf 'long %03d. ' {1..30})', NULL),
	     ('+36201000003', 'by submit_sm', '{\"operation\": \"submit_sm\", \"priority\": 2}'),
	     ('+$undeliverable', 'x', NULL), ('+$refused', 'x', NULL),
	     ('+36201000004', 'x', '{\"priority\": 1}')"
	await_statuses 20 "delivered=3 failed=2 undelivered=1"
	row 6 error_text | grep -q '^priority does not go with data_sm' || fail "$(row 6 error_text)"
	expect "data_sm" "$(recorded data_sm)" 4
	expect "submit_sm" "$(recorded submit_sm)" 1
	node -e 'const all = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map(l => JSON.parse(l));
		const one = all.find(m => m.destination === "36201000001");
		const left = parseInt(one.tlvs["0x0017"], 16);
		if (one.command !== "data_sm" || Buffer.from(one.tlvs["0x0424"], "hex").toString() !== "by data" ||
		    left < 3590 || left > 3600 || one.short_message !== "") throw JSON.stringify(one)' "$DIR/sim.json"
	gateway_stop
}

of_two_areas_of_a_broadcast_one_is_refused() {
	centre_and_link --speak 0x50 --fail-area ZONE-7 -- 'interface_version = "5.0" service_type = "CBS"'
	sql "INSERT INTO outbox (recipient, body, kind, sender, options) VALUES ('', 'Flood warning', 'broadcast', 'CIVIL',
	     '{\"areas\": [{\"alias\": \"ZONE-6\"}, {\"alias\": \"ZONE-7\"}], \"broadcast_content\": {\"network\": 1, \"service\": 1},
	       \"repetitions\": 5, \"interval\": {\"unit\": \"minutes\", \"count\": 10}, \"message_class\": 1}'),
	     ('', 'Nobody', 'broadcast', 'CIVIL', '{\"areas\": [\"ZONE-7\"], \"broadcast_content\": 1, \"repetitions\": 5,
	       \"interval\": {\"unit\": \"minutes\", \"count\": 10}}'),
	     ('', 'Too little', 'broadcast', 'CIVIL', '{\"areas\": [\"ZONE-7\"]}')"
	await_statuses 20 "failed=2 sent=1"
	row 1 error_text | grep -q '^area ZONE-7 refused: ESME_RINVBCASTALIAS_NAME' || fail "$(row 1 error_text)"
	row 2 error_text | grep -q '^area ZONE-7 refused: ' || fail "$(row 2 error_text)"
	row 3 error_text | grep -q '"broadcast_content" is missing' || fail "$(row 3 error_text)"
	[ -n "$(row 1 message_id)" ] || fail "the broadcast has no id"
	node -e 'const [one] = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map(l => JSON.parse(l));
		if (one.areas.join() !== "005a4f4e452d36,005a4f4e452d37" || one.tlvs["0x0601"] !== "010001" ||
		    one.tlvs["0x0604"] !== "0005" || one.tlvs["0x0605"] !== "09000a" || one.tlvs["0x0603"] !== "01" ||
		    Buffer.from(one.tlvs["0x0424"], "hex").toString() !== "Flood warning" || one.service_type !== "CBS")
			throw JSON.stringify(one)' "$DIR/sim.json"
	gateway_stop
	sim_stop sim
	expect "areas" "$(sim_count sim areas)" 1
}

# What a handset's message brings is sent back by an application as it stands in inbox.
parameters_have_the_names_of_the_link_both_ways() {
	cat >"$DIR/inject" <<-END
	{"source": "36201000001", "destination": "12345", "text": "price?", "tlvs": {"0x1400": "31313031", "0x1403": "00c8", "0x1404": "ff00", "0x1405": "533130304600", "0x1406": "0a0b", "0x1407": "00", "0x1499": "beef", "0x0204": "0007"}}
	END
	centre_and_link --inject "$DIR/inject" -- 'window = 10 tlv_names = { "0x1400 entity_id text", "0x1403 tariff number2",
		"0x1404 session text", "0x1405 service cstring", "0x1406 operator hex", "0x1407 odd number2", "0x1401 template_id text" }
		tlvs = { "template_id = T17", "entity_id = 999" }'
	await_sql 20 1 "SELECT count(*) FROM inbox"
	local options
	options=$(sql "SELECT options FROM inbox")
	node -e 'const o = JSON.parse(process.argv[1]).tlvs, want = { entity_id: "1101", tariff: 200, session: { hex: "FF00" },
		service: "S100F", operator: "0A0B", odd: { hex: "00" }, "0x1499": "BEEF", user_message_reference: 7 };
		require("assert").deepStrictEqual(o, want)' "$options"
	if [ "$ENGINE" = sqlite ]; then
		sql "INSERT INTO outbox (recipient, sender, body, options) SELECT sender, recipient, 'EUR 2',
		     json_object('tlvs', json_extract(options, '$.tlvs')) FROM inbox"
	else
		sql "INSERT INTO outbox (recipient, sender, body, options) SELECT sender, recipient, 'EUR 2',
		     jsonb_build_object('tlvs', options::jsonb -> 'tlvs') FROM inbox"
	fi
	sql "INSERT INTO outbox (recipient, body, options) VALUES ('+36201000002', 'constants', NULL),
	     ('+36201000003', 'x', '{\"tlvs\": {\"entity\": \"1101\"}}'), ('+36201000004', 'x', '{\"tlvs\": {\"tariff\": \"dear\"}}'),
	     ('+36201000005', 'x', '{\"tlvs\": {\"tariff\": 1, \"0x1403\": \"0001\"}}')"
	await_statuses 20 "delivered=2 failed=3"
	expect "an unknown name" "$(row 3 error_text)" "option tlvs: entity is no parameter of SMPP, and link main has no such name in tlv_names"
	row 4 error_text | grep -q 'the value of tariff does not fit its type in tlv_names, which is number2' || fail "$(row 4 error_text)"
	row 5 error_text | grep -q 'tariff is there twice' || fail "$(row 5 error_text)"
	node -e 'const all = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map(l => JSON.parse(l));
		require("assert").deepStrictEqual(all[0].tlvs, { "0x0204": "0007", "0x1400": "31313031", "0x1401": "543137", "0x1403": "00c8",
			"0x1404": "ff00", "0x1405": "533130304600", "0x1406": "0a0b", "0x1407": "00", "0x1499": "beef" });
		require("assert").deepStrictEqual(all[1].tlvs, { "0x1401": "543137", "0x1400": "393939" })' "$DIR/sim.json"
	gateway_stop
}

wrong_entries_are_refused_by_the_check_of_the_configuration() {
	local entry
	while IFS='|' read -r entry why; do
		smpp_link main 2775 "$entry" | conf
		"$B/smsqld" -t -c "$DIR/smsqld.conf" >"$DIR/check.out" 2>&1 && fail "taken: $entry"
		grep -q -- "$why" "$DIR/check.out" || fail "$entry: $(cat "$DIR/check.out")"
	done <<-'END'
	tlv_names = { "0x1400 entity_id words" }|"0x1400 entity_id words" is not a tag, a name and a type
	tlv_names = { "entity_id text" }|"entity_id text" is not a tag
	tlv_names = { "0x0424 text text" }|SMPP itself has a parameter of that tag
	tlv_names = { "0x1400 ms_validity text" }|SMPP itself has a parameter of that name
	tlv_names = { "0x1400 a text", "0x1400 b text" }|"0x1400 a text" and "0x1400 b text" say the same tag
	tlvs = { "entity_id = 1" }|"entity_id = 1" is not a parameter and its value
	tlvs = { "0x1403 = S50" }|"0x1403 = S50" is not a parameter
	tlvs = { "ms_validity = 300" }|"ms_validity = 300" is not
	tlvs = { "0x1403 = text:a", "0x1403 = hex:00" }|say the same parameter
	END
	smpp_link main 2775 'tlv_names = { "0x1400 entity_id text" } tlvs = { "entity_id = a=b:c", "ms_validity = 1" }' | conf
	"$B/smsqld" -t -c "$DIR/smsqld.conf"
}

on_all of_five_recipients_one_is_refused_and_one_not_reached \
	receipts_that_overtake_the_answer_find_their_recipients \
	when_all_are_refused_the_row_fails_and_a_retry_is_for_those_who_lack_it \
	a_late_answer_settles_all_and_tells_who_was_refused
on_both while_receipts_are_awaited_the_row_says_how_many_were_refused \
	a_whole_that_is_throttled_or_in_doubt_is_so_for_all \
	of_two_areas_of_a_broadcast_one_is_refused
on_one sqlite data_sm_carries_texts_and_its_receipts_come_back \
	parameters_have_the_names_of_the_link_both_ways \
	a_session_of_33_has_submit_multi_and_no_data_sm a_loop_says_that_it_cannot \
	wrong_entries_are_refused_by_the_check_of_the_configuration
finish
