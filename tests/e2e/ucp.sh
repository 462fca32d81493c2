#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ucp.sh - links of EMI/UCP.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. tests/e2e/judge.sh
PROTOCOL=ucp CANCELLABLE= REFUSED='EC 07'
OPERATION=ucp.hdr.OT SUBMIT=51 DELIVERY=52 RECEIPT=53 KEEPALIVE=/O/31/
. tests/e2e/older.sh

# There is no login on such a connection, over which all comes; our own only sends.
a_centre_that_calls_us_is_served() {
	port_choose
	centre_start sim --ucp-call "127.0.0.1:$AWAITED,shop" --inbound-count 20
	link_to main sim "window = 50 listen = \"127.0.0.1:$AWAITED\" listen_from = {\"127.0.0.0/8\"}" | conf
	ctl init
	gateway_up
	insert_many 50 'recipient, body' "'+3620' || (1000000 + i), 'row ' || i"
	await_statuses 20 delivered=50
	await_sql 20 20 "SELECT count(*) FROM inbox"
	gateway_stop
	sim_stop sim
	expect "sessions" "$(sim_count sim binds)" 2
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "receipts acknowledged" "$(sim_count sim receipts_acked)" 50
}

cases_of_both
on_one sqlite a_centre_that_calls_us_is_served
finish
