#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cimd2.sh - links of CIMD2.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. tests/e2e/judge.sh
PROTOCOL=cimd2 CANCELLABLE='cancel_enabled = on' REFUSED='100'
OPERATION=cimd.opcode SUBMIT=3 DELIVERY=20 RECEIPT=23 KEEPALIVE='\x0240:'
. tests/e2e/older.sh

kannel_saw='RCV: Submit to +36201000001
Text: Hello _Oa_L-$ _XX<_XXe_XX>
RCV: Submit to +36201000002
From: 12345
Data coding: 8
Text (binary): 0053007A00690061002C0020D83DDE00
RCV: Submit to +36201000003
Data coding: 4
Text (binary): 00017F80FF0A0D1B
RCV: Submit to +36201000004
User data header: 050003..0201
RCV: Submit to +36201000004
User data header: 050003..0202'

# A centre that others wrote. It shows of a text what went over the wire, sends no receipts, and
# answers a query with a status that CIMD2 does not know.
a_foreign_centre_reads_what_we_write() {
	port_choose
	kannel_cimd2_start --activity 1 --logging 2
	cimd2_link main "$AWAITED" 'window = 10 keepalive = 1' | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body, sender) VALUES ('+36201000001', 'Hello @£\$ [€]', 'Shop'),
	     ('+36201000002', 'Szia, 😀', '12345')"
	sql "INSERT INTO outbox (recipient, kind, data) VALUES ('+36201000003', 'binary', X'00017F80FF0A0D1B')"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000004', '${LONG:0:200}')"
	await_statuses 20 sent=4
	expect "numbers of messages" "$(sql "SELECT count(DISTINCT message_id) FROM outbox WHERE message_id LIKE '+3620100000_:2%'")" 4
	await_command "$(command 'what, outbox_id' "'query', 1")" 'done'
	await_command "$(command 'what, outbox_id' "'cancel', 1")" 'done'
	await_sql 10 cancelled "SELECT status FROM outbox WHERE id = 1"
	await_log 10 'RCV: Alive' peer
	gateway_stop
	await_log 10 'RCV: Logout' peer
	sed 's/^ *//' "$DIR/peer.log" >"$DIR/peer.out"
	grep -A3 '^RCV: Submit' "$DIR/peer.out" | grep -E '^(RCV: Submit|From|Data coding|User data)|^Text' |
		grep -v '^Text: .*number' >"$DIR/peer.saw"
	diff <(sed -E 's/(050003)../\1../' "$DIR/peer.saw") - <<<"$kannel_saw" || fail "the peer read something else"
	grep -E "^RCV: (Enquire status, dest='.36201000001'|Cancel, mode 2, dest '.36201000001')" "$DIR/peer.out" | wc -l |
		grep -qx 2 || fail "the peer read other questions"
	expect "texts of the long one" "$(sed -n 's/^Text: \(.*number.*\)/\1/p' "$DIR/peer.out" | tr -d '\n')" "${LONG:0:200}"
}

# Its messages from handsets are of chance octets; its noise is not CIMD2 at all.
a_foreign_centre_that_sends_nonsense_does_no_harm() {
	port_choose
	kannel_cimd2_start --activity 2 --logging 2
	cimd2_link main "$AWAITED" | conf
	ctl init
	gateway_up
	await_log 20 'RCV: Deliver response' peer
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000001', 'all is well')"
	await_statuses 20 sent=1
	process_kill peer
	kannel_cimd2_start --spew 1
	await_log 20 'event=down reason="the message centre sends what is not CIMD2"'
	gateway_stop
}

cases_of_both
on_one sqlite a_foreign_centre_reads_what_we_write a_foreign_centre_that_sends_nonsense_does_no_harm
finish
