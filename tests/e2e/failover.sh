#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# failover.sh - the database server dies under load, and another takes its place.
#
#     pgsql    a primary with a standby that streams from it: the primary is killed, the standby promoted
#     mysql    a Galera cluster of three nodes, with a gateway at each of two: a node is killed, then
#              another, and the last one, which is no majority, is told to go on alone
#
# An application inserts meanwhile, in batches that it repeats until one is acknowledged; handsets
# send. By in_doubt = hold, whatever was acknowledged survives:
#
#     rows       acknowledged to the application, and not in the table          0
#     lost       the row says sent or delivered, the centre has it not          0
#     unsaid     the centre has it, the row says neither that nor doubtful      0
#     doubled    the centre has a part again                                    0
#     receipts   acknowledged to the centre, and not in the tables              0
#     inbound    likewise                                                       0
#
# A standby that is not synchronous has not all that was acknowledged: ASYNC=1 shows what that comes
# to. ROWS=100000 makes it large (make failover ROWS=100000).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/judge.sh
. "$TOP/tests/e2e/judge.sh"

ROWS=${ROWS:-2000}
BATCH=$((ROWS > 8000 ? 1000 : ROWS / 8))
PATIENCE=$((90 + ROWS / 200))
run=1 centre=centre1
SERVERS=()                              # URLs of one host each

# Where the centre and one or two gateways are in their world. $1: all hosts as the first gateway has them.
begin() { # HOSTS
	AT_FAILURE=dump
	sim_start $centre --response-delay 5:20 --receipt-delay 5:60 --deliver-timeout 2000 --inbound 20 \
		--inbound-from '44771%d' --inbound-text 'in 1.%d'
	smpp_link main "${PORT[$centre]}" "window = 20 rate = $((ROWS / 5))" | conf 'in_doubt = hold' 'lease = 10'
	sed -i "s|$URL|$1|" "$DIR/smsqld.conf"
	ctl init
}

# What a failed case leaves behind besides logs and records.
dump() {
	local table
	for table in outbox outbox_part inbox receipt gateway link; do
		sql "SELECT * FROM $table" >"$DIR/$table.kept" 2>&1
	done
}

# The application.

anywhere() { # STATEMENTS: at whichever server takes them
	local each
	for each in "${SERVERS[@]}"; do ! URL=$each sql "$1" || return 0; done
	return 1
}

# One in ten is of three parts. Said again, it inserts what is not there yet.
feed() {
	local n text ignore= anyway=
	text=$(printf ' and more%.0s' {1..40})
	if [ "$ENGINE" = mysql ]; then ignore=IGNORE; else anyway='ON CONFLICT DO NOTHING'; fi
	for ((n = 0; n < ROWS; n += BATCH)); do
		until anywhere "INSERT $ignore INTO outbox (ref, recipient, body) WITH RECURSIVE n(i) AS
			(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $BATCH)
			SELECT CAST($n + i AS text), '+36' || (200000000 + $n + i),
			'row ' || ($n + i) || CASE (i % 10) WHEN 0 THEN '$text' ELSE '' END FROM n $anyway"; do sleep 0.1; done
	done >"$DIR/feed.log" 2>&1
}

feed_start() {
	feed &
	PID[feed]=$!
}

feed_end() {
	await_gone $PATIENCE "${PID[feed]}"
	wait "${PID[feed]}"
	unset 'PID[feed]'
}

await_load() { # PERCENT of the rows are on their way
	await_sql $PATIENCE go "SELECT CASE WHEN count(*) >= $((ROWS * $1 / 100)) THEN 'go' END FROM outbox
		WHERE status IN ('sent', 'delivered')"
}

seconds_since() { printf %.1f "$(bc_minus "$EPOCHREALTIME" "$1")"; } # EPOCHREALTIME

# The first claim after that moment, as seconds from it.
first_claim_after() { # EPOCHREALTIME
	local seconds="extract(epoch FROM claimed_at)"
	[ "$ENGINE" = pgsql ] || seconds="UNIX_TIMESTAMP(claimed_at)"
	await_sql $PATIENCE go "SELECT CASE WHEN count(*) > 0 THEN 'go' END FROM outbox WHERE $seconds > $1"
	printf %.1f "$(sql "SELECT min($seconds) - $1 FROM outbox WHERE $seconds > $1")"
}

# What is logged from now on.
log_mark() { MARK=$(wc -l <"$DIR/$1.log"); } # LOG
await_mark() { # SECONDS REGEX LOG
	await "$1" "a new line $2 in $3.log" eval "tail -n +$((MARK + 1)) '$DIR/$3.log' | grep -Eq '$2'"
}

settle_all() { # [deaf]: receipts were acknowledged that nobody has
	feed_end
	await_sql $PATIENCE 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending')"
	await 60 "the last receipts" receipts_are_over
	[ "${1-}" = deaf ] || await_sql 60 0 "SELECT count(*) FROM outbox WHERE status = 'sent'"
}

tell() { # WHAT WAS BEFORE, and HOW LONG
	note "$ROWS rows; $*; at the end $(statuses), $lost lost, $(doubled) doubled," \
		"$(wc -l <"$DIR/receipts.acked") receipts, $(wc -l <"$DIR/inbound.acked") inbound"
}

compare() {
	arrived >"$DIR/arrived"
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	lost=$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)
	unsaid=$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)
}

judge() {
	compare
	judge_inbound
	judge_receipts
	tell "$@"
	expect "rows acknowledged to the application" "$(count_rows 'id > 0')" "$ROWS"
	expect "rows that say sent and are not at the centre" "$lost" 0
	expect "rows at the centre that say neither sent nor doubtful" "$unsaid" 0
	expect "doubles" "$(doubled)" 0
	expect "rows of another status" "$(count_rows "status NOT IN ('delivered', 'doubtful')")" 0
	expect "doubtful rows without a reason" "$(count_rows "status = 'doubtful' AND error_text IS NULL")" 0
}

# PostgreSQL

pair_start() {
	AT_END='tests/pg.sh stop "$DIR/server"'
	URL=$(tests/pg.sh start "$DIR/server")
	local both
	both=$(tests/pg.sh standby "$DIR/server")
	SERVERS=("$URL" "$(tests/pg.sh url "$DIR/server/standby")")
	begin "$both"
}

# The one process of the standby that listens to the primary; killed, it takes along what it has not read.
standby_deaf() { # SIGNAL
	pkill "-$1" -f -P "$(head -n 1 "$(cat "$DIR/server/standby/at")/data/postmaster.pid")" walreceiver
}

# From here on the standby is asked, which has what it had when the primary died.
primary_dies_and_standby_takes_over() { # [deaf]
	log_mark smsqld
	tests/pg.sh kill "$DIR/server"
	killed=$EPOCHREALTIME URL=${SERVERS[1]}
	await_mark 30 event=lost smsqld
	[ "${1-}" != deaf ] || standby_deaf KILL
	await 30 "the standby answers" sql 'SELECT 1'
	before=$(statuses)
	tests/pg.sh promote "$DIR/server/standby"
	promoted=$EPOCHREALTIME
	waited=$(seconds_since "$killed")
	await_mark 30 event=ready smsqld
	away=$(seconds_since "$killed")
}

a_standby_promoted_under_load_has_all_that_was_acknowledged() {
	pair_start
	tests/pg.sh synchronous "$DIR/server"
	gateway_up
	feed_start
	await_load 25
	primary_dies_and_standby_takes_over
	settle_all
	gateway_stop
	sim_stop $centre
	judge "at the fail-over $before; promoted after $waited s, ready after $away s, first claim" \
		"$(first_claim_after "$promoted") s after the promotion"
}

# A tenth of the rows goes out while the standby hears nothing.
without_synchronous_standbys_the_last_moments_are_lost() {
	pair_start
	gateway_up
	feed_start
	await_load 25
	standby_deaf STOP
	await_load 35
	primary_dies_and_standby_takes_over deaf
	settle_all deaf
	gateway_stop
	sim_stop $centre
	compare
	acked_receipts >"$DIR/receipts.acked"
	acked_inbound >"$DIR/inbound.acked"
	sql 'SELECT DISTINCT message_id FROM receipt' | sort >"$DIR/receipts.here"
	tell "not synchronous: at the fail-over $before; ready after $away s; acknowledged and missing:" \
		"$((ROWS - $(count_rows 'id > 0'))) rows, $(comm -23 "$DIR/receipts.acked" "$DIR/receipts.here" | wc -l)" \
		"receipts; $unsaid at the centre and not said"
	expect "rows that say sent and are not at the centre" "$lost" 0
}

# Galera

galera_need() {
	local first rest
	own_cluster=$HOME_DIR/galera
	tests/my.sh galera "$own_cluster" >"$HOME_DIR/galera.url" || exit 1
	SMSQLD_TEST_MYSQL=$(tests/my.sh url "$own_cluster/1")
	export SMSQLD_TEST_MYSQL
	SESSION_OF_MYSQL='wsrep_sync_wait = 7'
}

# The nodes in that order, as one URL.
nodes() { # NUMBER...
	local hosts=
	for number; do hosts+=,127.0.0.1:$(cat "$own_cluster/$number/port"); done
	echo "mysql://smsqld:smsqld@${hosts#,}/$DATABASE"
}

two_gateways_start() { # [NUMBER of the node that both try first]
	SERVERS=("$(nodes 1)" "$(nodes 2)" "$(nodes 3)")
	begin "$(nodes 1 2 3)"
	member_start 1 "$(nodes ${1:-} 1 2 3)"
	member_start 2 "$(nodes ${1:-} 2 3 1)"
	await_sql 30 2 "SELECT count(*) FROM link WHERE state = 'up'"
}

sent_by() { # "gw1 600, gw2 400"
	sql "SELECT substr(owner, 1, 3) || ' ' || count(*) FROM outbox GROUP BY substr(owner, 1, 3)" |
		sort | paste -sd, | sed 's/,/, /g'
}

gateways_at_two_nodes_send_every_row_once() {
	my "$(nodes 3)" -e 'SET GLOBAL read_only = 1'
	two_gateways_start 3
	my "$(nodes 3)" -e 'SET GLOBAL read_only = 0'
	expect "which nodes have a gateway" "$(for each in "${SERVERS[@]}"; do URL=$each sql \
		"SELECT count(*) > 0 FROM information_schema.processlist WHERE db = '$DATABASE' AND id <> connection_id()"
		done | paste -sd' ')" '1 1 0'
	feed_start
	settle_all
	member_stop 1
	member_stop 2
	sim_stop $centre
	judge "$(sent_by)"
	expect "rows in doubt" "$(wc -l <"$DIR/doubtful")" 0
	expect "gateways that sent" "$(sent_by | tr ',' '\n' | grep -c gw)" 2
}

# Node 3 alone is no majority of what was there before, and refuses everything until it is told to.
of_three_nodes_two_die_under_load_and_nothing_is_lost_or_doubled() {
	two_gateways_start
	feed_start
	await_load 20
	log_mark gw1
	tests/my.sh kill "$own_cluster/1"
	local killed=$EPOCHREALTIME before first away
	URL=$(nodes 3)
	await_mark 30 event=lost gw1
	await_mark 60 event=ready gw1
	away=$(seconds_since "$killed") before=$(statuses)
	first=$(first_claim_after "$killed")
	await_load 50
	log_mark gw1
	tests/my.sh kill "$own_cluster/2"
	await_mark 60 'event=lost.*WSREP has not yet prepared' gw1
	sql "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=yes'"
	await_mark 60 event=ready gw1
	settle_all
	member_stop 1
	member_stop 2
	sim_stop $centre
	judge "when the first node was gone $before; $away s until gw1 was ready at another, $first s until the" \
		"first claim; $(sent_by)"
}

on_one pgsql a_standby_promoted_under_load_has_all_that_was_acknowledged
[ -z "${ASYNC-}" ] || on_one pgsql without_synchronous_standbys_the_last_moments_are_lost
if [ "${ONLY_ENGINE:-mysql}" = mysql ]; then
	galera_need
	on_one mysql gateways_at_two_nodes_send_every_row_once \
		of_three_nodes_two_die_under_load_and_nothing_is_lost_or_doubled
fi
finish
