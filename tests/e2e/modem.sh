#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# modem.sh - links to GSM modems, which smsc-sim simulates on terminals.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. tests/e2e/judge.sh

fails=36209999001 undeliverable=36209999002
LONG=$(printf 'long message number %03d. ' {1..18})
WIDE=$(printf 'длинный текст 😀 %d; ' {1..12})

octets() { # HEX: as the engine writes them
	case $ENGINE in
	pgsql) echo "'\\x$1'" ;;
	*) echo "X'$1'" ;;
	esac
}

# A link for each modem; rows of the default route go over all of them.
pool_of() { # NAME COUNT [KEYS]
	local i
	for ((i = 1; i <= $2; i++)); do modem_link "$1$i" "$DIR/$1$i" "${3-}"; done
}

# ref | recipient | body | other columns | their values
rows_to_a_modem() {
	cat <<-END
	plain|+36201234567|Hello @£\$ [€]|kind|'text'
	unicode|+36201234569|Szia, привет, 你好 😀|kind|'text'
	long|+36201234570|${LONG:0:400}|kind|'text'
	longuni|+36201234571|${WIDE:0:150}|kind|'text'
	flash|+36201234572|Look up!|kind|'flash'
	fails|+$fails|nobody there|kind|'text'
	undeliv|+$undeliverable|switched off|kind|'text'
	impossible|abc|to no number|kind|'text'
	noreceipt|+36201234577|no receipt wanted|receipt|$([ "$ENGINE" = sqlite ] && echo 0 || echo false)
	octets|+36201234578||kind, data|'binary', $(octets 00017F80FF0A0D1B)
	many|+36201234579||kind, data|'binary', $(octets "$(printf '%02X' {0..199})")
	ports|+36201234580||kind, data, options|'binary', $(octets 024A3A), '{"dest_port": 5505}'
	END
}

expected_at_a_modem='fails failed 1 unassigned
flash delivered 1 -
impossible failed 0 abc
long delivered 3 -
longuni delivered 3 -
many delivered 2 -
noreceipt sent 1 -
octets delivered 1 -
plain delivered 1 -
ports delivered 1 -
undeliv undelivered 1 .
unicode delivered 1 -'

every_row_ends_as_it_should_and_says_why() {
	modems_start sim 1 --fail $fails --undeliverable $undeliverable --record-json "$DIR/submits.kept"
	pool_of sim 1 | conf
	ctl init
	gateway_up
	insert_rows rows_to_a_modem
	await_sql 30 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending') OR
		(status = 'sent' AND ref <> 'noreceipt')"
	compare_rows "$expected_at_a_modem"
	expect "rows with all their times" 8 "$(count_rows "status = 'delivered' AND link_used = 'sim1'
		AND claimed_at IS NOT NULL AND sent_at IS NOT NULL AND done_at IS NOT NULL AND attempts = 1
		AND message_id IS NOT NULL")"
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "receipts not acknowledged" "$(sim_count sim receipts_acked)" "$(sim_count sim receipts_sent)"
	expect "receipts that nobody wanted" "$(sim_count sim receipts_lost)" 0
	arrived_octets "$DIR/submits.kept" >"$DIR/arrived.out"
	grep -q '^36201234578 00017f80ff0a0d1b$' "$DIR/arrived.out" || fail "other octets arrived: $(cat "$DIR/arrived.out")"
	grep -q "^36201234579 $(printf '%02x' {0..199})$" "$DIR/arrived.out" || fail "other octets arrived, in parts"
	grep -q "^36201234571 $(printf %s "${WIDE:0:150}" | iconv -t UTF-16BE | od -An -v -tx1 | tr -d ' \n')$" "$DIR/arrived.out" ||
		fail "another text arrived in parts"
}

# Forty are there before the gateway is, twice as many as the SIM has room for.
messages_on_the_sim_at_the_start_come_once() {
	modems_start sim 1 --inbound-count 40 --inbound-from 447700900001 --inbound-text 'hello %d, привет' --inbound-long 4
	pool_of sim 1 'sweep = 1' | conf
	ctl init
	gateway_up
	await_sql 40 40 "SELECT count(*) FROM inbox WHERE body LIKE 'hello %, привет%' AND link = 'sim1' AND
		sender LIKE '%447700900001'"
	expect "long ones" "$(sql "SELECT count(*) FROM inbox WHERE length(body) > 70")" 10
	expect "different texts" "$(sql "SELECT count(DISTINCT body) FROM inbox")" 40
	await 10 "all are deleted" all_inbound_acked
	expect "unread" "$(sim_count sim unread)" 0
	gateway_stop
	gateway_up
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'x')"
	await_statuses 20 delivered=1
	expect "messages after another start" "$(sql "SELECT count(*) FROM inbox")" 40
	gateway_stop
}

all_inbound_acked() {
	sim_report sim
	[ "$(sim_count sim inbound_acked)" = "$(sim_count sim inbound_sent)" ]
}

insert_short_and_long() { # ROWS: every tenth has several parts
	insert_many "$1" 'recipient, body' "'+36' || (200000000 + i), 'row ' || i ||
		CASE (i % 10) WHEN 0 THEN '$(printf ' and more%.0s' {1..40})' ELSE '' END"
}

on_their_way() { count_rows "status IN ('sent', 'delivered', 'doubtful')"; }

# The gateway dies again and again while each of three modems takes its time from the command to the
# prompt and from the PDU to the result. Reports are stored by the modem, so that none is lost with the port.
killed_again_and_again() { # ROWS IN-DOUBT; $kills is how often
	local rows=$1 before
	run=1 centre=centre1 kills=0
	cat >"$DIR/slow.script" <<-END
	on AT+CMGS=: wait 0.015; answer
	on AT+CNMI=2,1,0,1: cms 303
	END
	modems_start centre1 3 --modem-delay 0.04 --receipt-delay 50 --modem-script "$DIR/slow.script" \
		--inbound 8 --inbound-count 60 --inbound-text 'in 1.%d'
	pool_of centre1 3 'sweep = 1' | conf "in_doubt = $2" 'lease = 2'
	ctl init
	insert_short_and_long $rows
	while [ "$(on_their_way)" -lt $rows ] && [ $kills -lt 20 ]; do
		before=$(on_their_way)
		gateway_start
		await 30 "more is on its way" more_than "$((before + 9 < rows ? before + 9 : rows - 1))"
		nap "0.0$((RANDOM % 90 + 10))"
		gateway_kill
		kills=$((kills + 1))
	done
	gateway_start
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36209999999', 'the last')"
	await_sql 60 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('delivered', 'doubtful')" # none without its report
	await 30 "reports and messages are acknowledged" everything_acked
	gateway_stop
	sim_stop centre1
	arrived >"$DIR/arrived"
	judge_inbound
	expect "rows" "$(count_rows 'id > 0')" $((rows + 1))
	expect "messages twice in inbox" "$(sql "SELECT count(*) - count(DISTINCT body) FROM inbox")" 0
	expect "messages in inbox" "$(sql "SELECT count(*) FROM inbox")" 60
	expect "unread" "$(sim_count centre1 unread)" 0
	expect_at_least "kills" $kills 5
}

killed_between_prompt_pdu_and_result_nothing_is_lost_and_nothing_doubled() {
	local kills lost unsaid
	killed_again_and_again 300 hold
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	lost=$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)
	unsaid=$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)
	note "$kills kills, $(statuses), $lost lost, $(doubled) doubled, $(wc -l <"$DIR/inbound.acked") inbound"
	expect "rows that say sent and are at no centre" "$lost" 0
	expect "rows at the centre that say neither sent nor doubtful" "$unsaid" 0
	expect "parts that came twice" "$(doubled)" 0
	expect "doubtful rows without a reason" "$(count_rows "status = 'doubtful' AND error_text IS NULL")" 0
	[ "$(wc -l <"$DIR/doubtful")" -le $((kills * 3)) ] || fail "$(wc -l <"$DIR/doubtful") rows are doubtful"
}

killed_and_told_to_send_again_every_row_arrives() {
	local kills
	killed_again_and_again 120 resend
	note "$kills kills, $(statuses), $(doubled) doubled"
	expect "rows delivered" "$(count_rows "status = 'delivered'")" 121
	expect "recipients that have it whole" "$(uniq "$DIR/arrived" | wc -l)" 121
}

more_than() { [ "$(on_their_way)" -gt "$1" ]; }

everything_acked() {
	sim_report centre1
	[ "$(sim_count centre1 receipts_acked)" = "$(sim_count centre1 receipts_sent)" ] &&
		[ "$(sim_count centre1 inbound_acked)" = 60 ]
}

# One is away for a second in the middle, and says EIO; its part in the air is in doubt, no other is.
a_modem_that_is_unplugged_comes_back_and_the_other_goes_on() {
	modems_start sim 2 --modem-delay 0.05
	pool_of sim 2 | conf 'in_doubt = hold'
	ctl init
	gateway_up 2
	insert_many 80 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await 20 "some are out" more_than 15
	modems_do sim 'modem 1: unplug 1'
	await_sql 10 1 "SELECT count(*) FROM link WHERE name = 'sim1' AND state <> 'up' AND reason <> ''"
	await_sql 20 2 "SELECT count(*) FROM link WHERE state = 'up'"
	await_sql 40 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('delivered', 'doubtful')"
	gateway_stop
	sim_stop sim
	[ "$(count_rows "status = 'doubtful'")" -le 1 ] || fail "$(statuses)"
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "terminals that went" "$(sim_count sim disconnects)" 1
	expect_at_least "rows of the first" "$(grep -c ^1m1- "$DIR/sim.record")" 10
	expect_at_least "rows of the second" "$(grep -c ^1m2- "$DIR/sim.record")" 30
	note "$(grep -c '^1m1-.*/' "$DIR/sim.record") and $(grep -c '^1m2-.*/' "$DIR/sim.record")"
}

without_a_network_a_modem_rests_and_says_so_and_the_other_takes_over() {
	echo 'modem 1: set network searching' >"$DIR/script"
	modems_start sim 2 --modem-script "$DIR/script"
	pool_of sim 2 | conf
	ctl init
	gateway_start
	await_sql 20 1 "SELECT count(*) FROM link WHERE state = 'up'"
	insert_many 20 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=20
	expect "links by which they went" "$(sql "SELECT DISTINCT link_used FROM outbox")" sim2
	expect "what the first says" "$(sql "SELECT count(*) FROM link WHERE name = 'sim1' AND state <> 'up' AND
		reason LIKE '%looks for a network%'")" 1
	modems_do sim 'modem 1: set network roaming'
	await_sql 20 1 "SELECT count(*) FROM link WHERE name = 'sim1' AND state = 'up' AND reason LIKE '%roaming%'"
	modems_do sim 'modem 2: set network off'
	await_sql 20 1 "SELECT count(*) FROM link WHERE name = 'sim2' AND state <> 'up'"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36209999999', 'by the first')"
	await_statuses 20 delivered=21
	expect "link of the last" "$(sql "SELECT link_used FROM outbox WHERE recipient = '+36209999999'")" sim1
	gateway_stop
}

# The network refuses all of one SIM: no credit, as it were. It rests, and its rows go by the other.
a_sim_that_is_barred_rests_and_its_rows_go_by_another() {
	echo 'modem 1: on pdu: cms 302' >"$DIR/script"
	modems_start sim 2 --modem-script "$DIR/script"
	pool_of sim 2 | conf
	ctl init
	gateway_up 2
	insert_many 20 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 60 delivered=20
	expect "links by which they went" "$(sql "SELECT DISTINCT link_used FROM outbox")" sim2
	gateway_stop
}

a_pin_is_entered_once_and_a_wrong_one_never_again() {
	modems_start sim 1 --modem-pin 1234
	pool_of sim 1 'pin = "1234"' | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'x')"
	await_statuses 20 delivered=1
	gateway_stop
	modems_do sim 'reboot'
	pool_of sim 1 'pin = "4321"' | conf
	for run in 1 2 3; do
		gateway_start
		await 20 "it says that it does not enter the PIN" eval "[ \$(grep -c 'event=down .*PIN' '$DIR/smsqld.log') -ge $run ]"
		await_sql 20 1 "SELECT count(*) FROM link WHERE state <> 'up' AND reason LIKE '%PIN%'"
		gateway_stop
	done
	! grep -q 4321 "$DIR/smsqld.log" || fail "the log tells the PIN"
	sim_stop sim
	expect "PINs that were entered" "$(sim_count sim pins)" 2
}

# What it hears of results: lost, late, behind a report, in the middle of other lines.
a_modem_that_misbehaves_gets_everything_once() {
	cat >"$DIR/script" <<-END
	every 0.05: urc "^RSSI: 17"
	on pdu every 5: take; report; wait 0.02; answer
	on pdu every 7: take; wait 0.3; answer
	on pdu every 11: raw "\\r\\n+CMT"; wait 0.05; raw "I: \\"SM\\",3\\r\\n"; answer
	on AT+CMGS every 6: nothing
	on AT+CSQ: drip 0.002; answer; wait 0.1; drip 0
	END
	modems_start sim 1 --modem-script "$DIR/script" --modem-profile echo
	pool_of sim 1 'prompt_timeout = 1' | conf 'in_doubt = hold'
	ctl init
	gateway_up
	insert_many 40 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 60 delivered=40
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "messages" "$(sim_count sim messages)" 40
	expect_at_least "prompts that were given up" "$(sim_count sim escapes)" 6
}

a_code_that_is_dialled_is_answered_in_inbox() {
	printf 'ussd *100# 1 "1 Balance 2 Data"\nussd *100#>1 0 "You have 5 EUR"\n' >"$DIR/script"
	modems_start sim 1 --modem-script "$DIR/script"
	pool_of sim 1 | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body, kind) VALUES ('*100#', '', 'ussd')"
	await_sql 20 1 "SELECT count(*) FROM inbox WHERE body LIKE '1 Balance%' AND outbox_id = 1 AND kind = 'ussd'"
	gateway_stop
	grep -q '^ussd 1m1 \*100#' "$DIR/sim.record" || fail "the modem dialled something else"
}

# Each SUBMIT as it goes from the handset to the network (24.011), for Wireshark.
capture_of() { # RECORD of --record-json
	node -e '
		const fs = require("fs"), u32 = (...n) => Buffer.from(Uint32Array.from(n).buffer), out = [
			u32(0xa1b2c3d4), Buffer.from([2, 0, 4, 0]), u32(0, 0, 65535, 147)];
		for (const line of fs.readFileSync(process.argv[1], "utf8").trim().split("\n")) {
			const all = Buffer.from(JSON.parse(line).tpdu, "hex"), tpdu = all.subarray(all[0] + 1);
			const centre = all[0] ? all.subarray(0, all[0] + 1) : Buffer.from("0791947101670000", "hex");
			const frame = Buffer.concat([Buffer.from([0, 1, 0]), centre, Buffer.from([tpdu.length]), tpdu]);
			out.push(u32(0, 0, frame.length, frame.length), frame);
		}
		process.stdout.write(Buffer.concat(out));' "$1" >"$DIR/submits.pcap"
}

tshark_finds_nothing_malformed_in_what_modems_sent() {
	modems_start sim 1 --record-json "$DIR/submits.kept"
	pool_of sim 1 | conf
	ctl init
	gateway_up
	insert_rows rows_to_a_modem
	sql "INSERT INTO outbox (recipient, kind, options) VALUES ('+36201234581', 'waiting', '{\"waiting\": \"voice\", \"count\": 2}')"
	await_sql 30 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending')"
	gateway_stop
	sim_stop sim
	capture_of "$DIR/submits.kept"
	tshark -r "$DIR/submits.pcap" -o 'uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0",""' -T fields \
		-e gsm_sms.tp-mti -e _ws.malformed -e _ws.expert.severity >"$DIR/dissected.out" 2>"$DIR/tshark.log"
	expect_at_least "SUBMITs" "$(wc -l <"$DIR/dissected.out")" 15
	! grep -vP '^1\t\t$' "$DIR/dissected.out" || fail "something is no SUBMIT, or has a fault"
	note "$(wc -l <"$DIR/dissected.out") SUBMITs"
}

# CPU of the gateway, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/${PID[gateway]}/stat"; }

# Each takes 0.4 s a message: 30 of them 75 a second. One hangs and one is unplugged on the way.
thirty_modems_keep_their_pace_and_two_in_trouble_disturb_no_other() {
	local began from used i least=1000000
	modems_start sim 30 --modem-delay 0.4
	pool_of sim 30 'result_timeout = 5' | conf 'in_doubt = hold'
	ctl init
	gateway_up 30
	insert_many 900 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	began=$EPOCHREALTIME from=$(ticks)
	await 20 "some are out" more_than 100
	modems_do sim 'modem 7: hang'
	modems_do sim 'modem 8: unplug'
	await_sql 60 0 "SELECT CASE WHEN count(*) > 3 THEN count(*) ELSE 0 END FROM outbox WHERE status IN ('queued', 'sending')"
	used=$(awk -v t=$(($(ticks) - from)) -v hz="$(getconf CLK_TCK)" -v s="$(awk -v a="$EPOCHREALTIME" -v b="$began" 'BEGIN { print a - b }')" \
		'BEGIN { printf "%.1f%% of a core, %.0f s", 100 * t / hz / s, s }')
	gateway_stop
	sim_stop sim
	for i in {1..6} {9..30}; do
		count=$(grep -c "^1m$i-.*/" "$DIR/sim.record")
		[ "$count" -ge "$least" ] || least=$count
	done
	note "$used, at least $least each"
	expect "doubles" "$(sim_count sim doubles)" 0
	[ "$(count_rows "status = 'doubtful'")" -le 2 ] || fail "$(statuses)"
	expect_at_least "messages of the slowest of the others" "$least" 20
}

on_all every_row_ends_as_it_should_and_says_why messages_on_the_sim_at_the_start_come_once \
	killed_between_prompt_pdu_and_result_nothing_is_lost_and_nothing_doubled
on_one sqlite killed_and_told_to_send_again_every_row_arrives a_modem_that_is_unplugged_comes_back_and_the_other_goes_on \
	without_a_network_a_modem_rests_and_says_so_and_the_other_takes_over \
	a_sim_that_is_barred_rests_and_its_rows_go_by_another a_pin_is_entered_once_and_a_wrong_one_never_again \
	a_modem_that_misbehaves_gets_everything_once a_code_that_is_dialled_is_answered_in_inbox \
	tshark_finds_nothing_malformed_in_what_modems_sent thirty_modems_keep_their_pace_and_two_in_trouble_disturb_no_other
finish
