#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# away.sh - the database goes away under load, and comes back: killed, frozen, locked by somebody
# else, its disk full.
#
# Meanwhile the links stay bound, nothing is submitted, nothing that comes in is acknowledged,
# and memory stays where it was. Afterwards everything is in the tables, once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

ROWS=${ROWS:-6000}

# Keep-alives each second; the lease is shorter than the outage.
begin() {
	sim_start sim --response-delay 20 --inbound 200 --deliver-window 5000
	smpp_link main "${PORT[sim]}" 'window = 50 enquire_link = 1' |
		conf '' "lease = 2 high_water = 1000 ${1-}"
	ctl init
	gateway_up
	insert_many "$ROWS" 'recipient, body' "'+3620' || (1000000 + i), 'load ' || i"
	await_sql 30 go "SELECT CASE WHEN count(*) >= 300 THEN 'go' END FROM outbox
		WHERE status IN ('sent', 'delivered')"
	rss_before=$(rss)
}

rss() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/${PID[gateway]}/status"; }

counted() { # COUNT: as the centre has it now
	sim_report sim
	sim_count sim "$1"
}

counted_up_to() { # COUNT AT-LEAST
	[ "$(counted "$1")" -ge "$2" ]
}

# What the database still said is heard and acknowledged, what was claimed has left or waits; then nothing leaves.
all_rests() {
	local before
	before=$(counts_now)
	nap 0.5
	[ "$(counts_now)" = "$before" ]
}

counts_now() {
	sim_report sim
	echo "$(sim_count sim submits) $(sim_count sim inbound_acked) $(sim_count sim receipts_acked)"
}

# Call it when the database is away: until SECONDS' worth of messages came in.
watch() { # SECONDS
	local acked receipts submits
	await 20 "neither submits nor acknowledgements without a database" all_rests
	acked=$(sim_count sim inbound_acked) receipts=$(sim_count sim receipts_acked)
	submits=$(sim_count sim submits)
	await 60 "$1 s of inbound messages" counted_up_to inbound_sent $(($(sim_count sim inbound_sent) + $1 * 200))
	expect "submits without a database" "$(sim_count sim submits)" "$submits"
	expect "inbound messages acknowledged without a database" "$(sim_count sim inbound_acked)" "$acked"
	expect "receipts acknowledged without a database" "$(sim_count sim receipts_acked)" "$receipts"
	expect_at_least "messages from handsets that wait at the centre for their acknowledgement" \
		"$(($(sim_count sim inbound_sent) - acked))" 200
	rss_during=$(rss)
	[ -n "${SAN-}" ] || [ "$rss_during" -le $((rss_before + 32)) ] ||
		fail "the gateway took $rss_during MiB, and $rss_before before"
}

everything_is_in() {
	[ "$(counted inbound_acked)" -ge $(($(sim_count sim inbound_sent) - 100)) ]
}

end() {
	await 30 "what waited at the centre is acknowledged" everything_is_in
	await_statuses 60 "delivered=$ROWS"
	expect "times that the gateway was fenced" "$(grep -c event=fenced "$DIR/smsqld.log" || true)" 0
	gateway_stop
	sim_stop sim
	expect "binds" "$(sim_count sim binds)" 1
	expect "messages at the centre" "$(sim_count sim messages)" "$ROWS"
	expect "doubles" "$(sim_count sim doubles)" 0
	local rows
	rows=$(sql "SELECT count(*) FROM inbox")
	expect "inbound messages that are there twice" "$(sql "SELECT $rows - count(DISTINCT body) FROM inbox")" 0
	expect_at_least "inbound messages kept" "$rows" "$(sim_count sim inbound_acked)"
	expect "receipts kept" "$(sql "SELECT count(DISTINCT message_id) FROM receipt")" "$ROWS"
}

# Seconds until the log says that the database is ready, in TOOK.
await_back() { # BEGAN
	await 30 "the database is ready again" last_word_is ready
	TOOK=$(bc_minus "$EPOCHREALTIME" "$1")
}

last_words() { # on the database's state
	grep -E 'database event=(lost|ready|broken|fenced)' "$DIR/smsqld.log" | tail -n 1
}

last_word_is() { last_words | grep -q "event=$1"; } # EVENT

# Its own processes, and those of its sessions.
server_processes() {
	local pid
	case $ENGINE in
	pgsql) pid=$(head -n 1 "$(cat "$DIR/server/at")/data/postmaster.pid") ;;
	mysql) pid=$(cat "$(cat "$DIR/server/at")/pid") ;;
	esac
	echo "$pid"
	pgrep -P "$pid" || true
}

# Frozen it keeps its connections and says nothing, which the lease notices; then it is killed.
while_the_server_is_frozen_or_away_links_rest_and_nothing_is_acknowledged() {
	local all began frozen
	server_own
	begin
	mapfile -t all < <(server_processes)
	AT_FAILURE='kill -CONT "${all[@]}"'
	kill -STOP "${all[@]}"
	watch 4
	[ "$(sim_count sim submits)" -lt "$ROWS" ] || fail "nothing was left to send: the outage came too late"
	frozen=$rss_during
	kill -CONT "${all[@]}"
	AT_FAILURE=
	await 60 "submits go on" counted_up_to submits $((ROWS / 2))
	server_kill
	await_log 30 event=lost
	watch 3
	server_start
	began=$EPOCHREALTIME
	await_back "$began"
	note "ready $TOOK s after the server; $rss_before MiB before, $frozen frozen, $rss_during away"
	end
}

while_somebody_else_locks_the_file_links_rest_and_nothing_is_acknowledged() {
	local began
	begin
	coproc holder { { echo '.timeout 20000'; echo 'BEGIN IMMEDIATE;'; echo "SELECT 'held';"; cat
		echo 'COMMIT;'; } | sqlite3 -batch "$DATABASE"; }
	PID[holder]=$!
	read -r <&"${holder[0]}"
	watch 4
	echo ';' >&"${holder[1]}"
	exec {holder[1]}>&-
	wait "${PID[holder]}" || true
	unset 'PID[holder]'
	note "$rss_before MiB before and $rss_during while it was locked"
	end
}

# A file system of so many MiB, in $small.
small_disk() { # MIB
	small=$(mktemp -d /tmp/smsqld-small.XXXXXX)
	mount -t tmpfs -o "size=$1m,mode=700" smsqld-test "$small" 2>"$DIR/mount.log" || {
		rmdir "$small"
		[ "$(id -u)" = 0 ] && fail "cannot mount a small tmpfs: $(cat "$DIR/mount.log")"
		skip "mounting a small tmpfs needs root"
	}
	AT_END='umount -l "$small"; rmdir "$small"'
}

# The tables are alone on it, the server's log and the journal are elsewhere. (MariaDB 10.11 aborts
# when it cannot roll back for want of room, and is then a server that was killed.)
database_on_small_disk() {
	case $ENGINE in
	sqlite)
		small_disk 24
		DATABASE=$small/sms.db URL=sqlite://$small/sms.db
		;;
	pgsql)
		small_disk 40
		chown postgres: "$small"
		AT_END="psql -Xq $SMSQLD_TEST_PGSQL -c 'DROP TABLESPACE $DATABASE'; $AT_END"
		psql -Xq "$SMSQLD_TEST_PGSQL" -c "CREATE TABLESPACE $DATABASE LOCATION '$small'" \
			-c "ALTER DATABASE $DATABASE SET TABLESPACE $DATABASE"
		;;
	esac
}

# What still fits is stored, and may be acknowledged; the rest waits. Each time that something fits
# the database is ready for a moment.
a_full_disk_stops_the_database_for_as_long_as_it_is_full() {
	local began
	database_on_small_disk
	begin
	dd if=/dev/zero of="$small/filler" bs=64k 2>/dev/null || true
	await_log 60 'event=lost.*[Dd]isk.*full'
	counted inbound_sent >/dev/null
	await 60 "3 s of inbound messages" counted_up_to inbound_sent $(($(sim_count sim inbound_sent) + 600))
	await 30 "the database is lost, for good or again" last_word_is '\(lost\|broken\)'
	note "$(grep -oE 'event=lost reason=.*' "$DIR/smsqld.log" | grep -m 1 full | cut -c1-150)"
	rm "$small/filler"
	began=$EPOCHREALTIME
	await_back "$began"
	end
}

on_one pgsql while_the_server_is_frozen_or_away_links_rest_and_nothing_is_acknowledged \
	a_full_disk_stops_the_database_for_as_long_as_it_is_full
on_one mysql while_the_server_is_frozen_or_away_links_rest_and_nothing_is_acknowledged
on_one sqlite while_somebody_else_locks_the_file_links_rest_and_nothing_is_acknowledged \
	a_full_disk_stops_the_database_for_as_long_as_it_is_full
finish
