#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hosts.sh - programs that others wrote, and that have modems, have one of smsc-sim's. The gateway and
# the simulator share what reads and writes TPDUs; these share nothing with either.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

usr=$TOP/build/peers/modem/usr

foreign() { # PROGRAM ARGUMENTS...
	local program=$1
	shift
	[ -x "$usr/$program" ] || fail "Debian's gammu and smstools could not be had: make check says why"
	LD_LIBRARY_PATH=$usr/lib:$(echo "$usr"/lib/*-linux-gnu*) timeout 30 "$usr/$program" "$@"
}

gammu() {
	printf '[gammu]\ndevice = %s\nconnection = at115200\n' "$DIR/sim1" >"$DIR/gammurc"
	foreign bin/gammu -c "$DIR/gammurc" "$@"
}

# "RECIPIENT PART/PARTS" of what the network took.
taken() { awk 'NF == 4 { split($3, of, "/"); print $2, of[2] "/" of[3] }' "$DIR/sim.record"; }

gammu_finds_a_modem_with_messages() {
	modems_start sim 1 --inbound-count 3 --inbound-text 'hello %d' --inbound-long 3 --inbound-from 44770090000%d
	modems_do sim 'ussd *100# 0 "You have 5 EUR"'
	gammu identify >"$DIR/identify.out"
	grep -q 'IMEI *: 356938035600001' "$DIR/identify.out" || fail "$(cat "$DIR/identify.out")"
	gammu getallsms >"$DIR/all.out"
	grep -q '4 SMS parts' "$DIR/all.out" || fail "it reads other messages: $(cat "$DIR/all.out")"
	grep -q 'Concatenated (linked) message, ID (8 bit) 3, part 2 of 2' "$DIR/all.out" || fail "it reads no header"
	expect "senders" "$(grep -c 'Remote number *: "+4477009000' "$DIR/all.out")" 4
	gammu sendsms TEXT +36201234567 -text 'Hello from a foreign host' >/dev/null
	gammu sendsms TEXT +36201234568 -len 400 -unicode -text "$(printf 'привет %.0s' {1..25})" >/dev/null
	gammu deleteallsms 1 >/dev/null
	gammu getussd '*100#' >"$DIR/ussd.out"
	grep -q 'You have 5 EUR' "$DIR/ussd.out" || fail "$(cat "$DIR/ussd.out")"
	sim_stop sim
	expect "what was taken" "$(taken | tr '\n' ' ')" '36201234567 1/1 36201234568 1/3 36201234568 2/3 36201234568 3/3 '
	expect "deleted after they were read" "$(grep -c '^acked inbound' "$DIR/sim.record")" 4
	expect "refused" "$(sim_count sim refused)" 0
}

smsd_conf() {
	local name
	for name in outgoing incoming checked sent failed report; do mkdir -p "$DIR/spool/$name"; done
	cat >"$DIR/smsd.conf" <<-END
	devices = GSM1
	logfile = $DIR/smsd.log
	pidfile = $DIR/smsd.pid
	infofile = $DIR/smsd.running
	outgoing = $DIR/spool/outgoing
	incoming = $DIR/spool/incoming
	checked = $DIR/spool/checked
	sent = $DIR/spool/sent
	failed = $DIR/spool/failed
	report = $DIR/spool/report
	delaytime = 1
	[GSM1]
	device = $DIR/sim1
	incoming = yes
	report = yes
	init = AT+CNMI=2,0,0,2,0
	END
}

smsd_is_done() {
	[ -f "$DIR/spool/sent/one" ] && grep -q '^acked inbound 3/2' "$DIR/sim.record"
}

smstools_sends_and_receives() {
	modems_start sim 1 --inbound-count 3 --inbound-text 'hello %d' --inbound-long 3
	smsd_conf
	printf 'To: 36201234569\n\nHello from smsd\n' >"$DIR/spool/outgoing/one"
	LD_LIBRARY_PATH=$usr/lib:$(echo "$usr"/lib/*-linux-gnu*) "$usr/sbin/smsd" "-c$DIR/smsd.conf" -t >"$DIR/smsd.out" 2>&1 &
	PID[smsd]=$!
	await 60 "one is sent, and three are received" smsd_is_done
	kill "${PID[smsd]}"
	await_gone 30 "${PID[smsd]}"
	unset 'PID[smsd]'
	sim_stop sim
	expect "what was taken" "$(taken)" '36201234569 1/1'
	expect "texts that it received" "$(grep -lE '^hello [12]$' "$DIR"/spool/incoming/* | wc -l)" 2
	expect "refused" "$(sim_count sim refused)" 0
	expect "unread" "$(sim_count sim unread)" 0
}

on_one sqlite gammu_finds_a_modem_with_messages smstools_sends_and_receives
finish
