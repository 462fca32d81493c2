#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# chaos.sh - everything around a message dies at random, two things at a time.
#
# A round is made from its seed before it begins (plan): how long until the next harm,
# to whom, for how long, and to whom besides.
#
#     gateway   kill -9                          freeze   SIGSTOP, some longer than the lease
#     server    kill -9 of the database server; a file is locked by somebody else instead
#     centre    kill -9 of the message centre: what it had not delivered is gone with it
#     reset     every connection is reset        net      the network takes octets, delivers none
#
# Every row has a recipient of its own, and the centres record what they accept and what
# was acknowledged to them before they answer. In the end, by policy:
#
#     lost      the row says sent or delivered, no centre has it               0
#     unsaid    a centre has it, the row says neither that nor doubtful        0
#     doubled   a centre has a part again    hold: 0    resend: what was in flight at most
#     receipts  acknowledged, and not in `receipt`; or there, and its row does not say so   0
#     inbound   acknowledged, and neither in `inbox` nor among parts that wait for others   0
#
# SEED=N repeats a round, ROUNDS says how many (the next one has the next seed), EVENTS how
# many harms it has, WAVE how many rows before each (make chaos ROUNDS=50 SEED=1 ENGINE=pgsql).
# What a failed one leaves is in a folder that it names: logs, records, tables, plan.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/judge.sh
. "$TOP/tests/e2e/judge.sh"

SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
ROUNDS=${ROUNDS:-1}
EVENTS=${EVENTS:-8}
WAVE=${WAVE:-300}
WINDOW=20
VICTIMS=(gateway server centre reset net freeze)

# Chance: the same for everybody who has the seed.
roll() { # N: DICE is 0 to N - 1
	state=$(((state * 1103515245 + 12345) & 0x7fffffff))
	DICE=$(((state >> 8) % $1))
}

# Lines of: MS-BEFORE VICTIM MS-DOWN VICTIM-BESIDES (or -). In six events everybody has a turn.
plan() {
	local i k before down besides
	local -a order=()
	state=$SEED
	for ((i = 0; i < EVENTS; i++)); do
		if [ ${#order[@]} -eq 0 ]; then order=("${VICTIMS[@]}"); fi
		roll ${#order[@]}; k=$DICE
		roll 900; before=$DICE
		roll 4; [ $DICE = 0 ] && roll 3500 || roll 700
		down=$DICE besides=-
		roll 3
		[ $DICE != 0 ] || { roll ${#VICTIMS[@]}; besides=${VICTIMS[DICE]}; }
		[ "$besides" != "${order[k]}" ] || besides=-
		echo "$before ${order[k]} $down $besides"
		unset "order[k]"
		order=("${order[@]}")
	done
}

pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; } # MS

# The world.

rows=0 run=0 in_flight=0
declare -A harms

centre_start() { # each is another one: ids, texts and senders of handsets are its own
	local text fixed=()
	run=$((run + 1))
	text="in $run.%d"
	# Every other centre sends texts of three parts.
	[ $((run % 2)) = 1 ] || text+=$(printf ' and so on%.0s' {1..40})
	[ $run = 1 ] || fixed=(--smpp "$centre_port")
	sim_start centre$run --seed $run "${fixed[@]}" --response-delay 5:40 --receipt-delay 5:60 \
		--deliver-timeout 2000 --inbound 20 --inbound-from "4477$run%d" --inbound-text "$text"
	centre_port=${PORT[centre$run]}
	centre=centre$run
}

begin() { # IN_DOUBT
	local replay="SEED=$SEED EVENTS=$EVENTS WAVE=$WAVE"
	note "$replay"
	plan | tee "$DIR/plan.kept"
	AT_FAILURE=dump
	server_own
	centre_start
	proxy_start network "$centre_port"
	smpp_link main "${PORT[network]}" "window = $WINDOW prefetch = 100 response_timeout = 30" |
		conf "in_doubt = $1" 'lease = 2'
	ctl init
	gateway_up
}

# What a failed round leaves behind besides logs and records.
dump() {
	local table
	for table in outbox outbox_part inbox inbox_part receipt gateway link; do
		sql "SELECT * FROM $table" >"$DIR/$table.kept" 2>&1
	done
}

# One in ten is of three parts.
insert_wave() {
	local text
	text=$(printf ' and more%.0s' {1..40})
	insert_many "$WAVE" 'recipient, body' \
		"'+36' || (200000000 + $rows + i),
		 'row ' || ($rows + i) || CASE (i % 10) WHEN 0 THEN '$text' ELSE '' END" &&
		rows=$((rows + WAVE))
}

parts_claimed() {
	sql "SELECT coalesce(sum(CASE WHEN length(body) > 160 THEN 3 ELSE 1 END), 0)
		FROM outbox WHERE status = 'sending'"
}

lock_database() { # somebody else writes, until a line comes
	coproc holder { { echo '.timeout 20000'; echo 'BEGIN IMMEDIATE;'; echo "SELECT 'held';"; cat
		echo 'COMMIT;'; } | sqlite3 -batch "$DATABASE"; }
	PID[holder]=$!
	read -r <&"${holder[0]}"
}

unlock_database() {
	echo ';' >&"${holder[1]}"
	exec {holder[1]}>&-
	wait "${PID[holder]}" || true
	unset 'PID[holder]'
}

break_() { # VICTIM
	harms[$1]=$((${harms[$1]:-0} + 1))
	case $1 in
	gateway) gateway_kill ;;
	freeze) [ -z "${PID[gateway]-}" ] || kill -STOP "${PID[gateway]}" ;;
	server) if [ -n "$(server_script)" ]; then server_kill; else lock_database; fi ;;
	centre) process_kill $centre ;;
	reset) kill -USR1 "${PID[network]}" ;;
	net) kill -STOP "${PID[network]}" ;;
	esac
}

# In flight is, of a gateway that died, what it had claimed; else what the window lets.
heal() { # VICTIM
	case $1 in
	gateway) in_flight=$((in_flight + $(parts_claimed)))
		gateway_start ;;
	freeze) [ -z "${PID[gateway]-}" ] || kill -CONT "${PID[gateway]}" ;;
	server) if [ -n "$(server_script)" ]; then server_start; else unlock_database; fi ;;
	centre) centre_start ;;
	net) kill -CONT "${PID[network]}" ;;
	esac
	[ "$1" = gateway ] || in_flight=$((in_flight + WINDOW))
}

# The server comes back first: what the others left is counted in it.
heal_all() { # VICTIM...
	local each victim
	for each in server centre net reset freeze gateway; do
		for victim; do [ "$victim" != $each ] || heal $each; done
	done
}

carry_out() {
	local before victim down besides
	while read -r before victim down besides <&3; do
		insert_wave
		pause "$before"
		break_ "$victim"
		[ "$besides" = - ] || { pause $((down / 2)); break_ "$besides"; }
		pause "$down"
		heal_all "$victim" "$besides"
	done 3<"$DIR/plan.kept"
}

# Retries of 30 s and more are called at once.
settle_all() {
	local until=$((SECONDS + 120))
	until [ "$(count_rows "status IN ('queued', 'sending')")" = 0 ]; do
		[ "$SECONDS" -lt "$until" ] || fail "rows are still waiting: $(statuses)"
		sql "UPDATE outbox SET send_after = created_at WHERE queue = 0 AND status = 'queued' AND
			send_after > $(now_plus 1)"
		sleep 0.3
	done
	await 60 "the last receipts" receipts_are_over
	gateway_stop
	sim_stop $centre
}

judge() {
	local lost unsaid
	arrived >"$DIR/arrived"
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	lost=$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)
	unsaid=$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)
	judge_inbound
	judge_receipts
	note "SEED=$SEED: $(for each in "${VICTIMS[@]}"; do echo "$each ${harms[$each]:-0},"; done | paste -sd' ')" \
		"$rows rows, $(statuses), $lost lost, $(doubled) doubled of $in_flight in flight," \
		"$(wc -l <"$DIR/receipts.acked") receipts, $(wc -l <"$DIR/inbound.acked") inbound"
	expect "rows" "$(count_rows 'id > 0')" "$rows"
	expect "rows that say sent and are at no centre" "$lost" 0
	expect "rows at a centre that say neither sent nor doubtful" "$unsaid" 0
	expect "doubtful rows without a reason" "$(count_rows "status = 'doubtful' AND error_text IS NULL")" 0
	expect "rows of another status" \
		"$(count_rows "status NOT IN ('sent', 'delivered', 'doubtful')")" 0
}

with_hold_chaos_loses_nothing_and_doubles_nothing() {
	begin hold
	carry_out
	settle_all
	judge
	expect "doubles" "$(doubled)" 0
}

with_resend_chaos_doubles_what_was_in_flight_at_most() {
	begin resend
	carry_out
	settle_all
	judge
	expect "rows in doubt" "$(wc -l <"$DIR/doubtful")" 0
	[ "$(doubled)" -le "$in_flight" ] || fail "$(doubled) doubled, and only $in_flight were in flight"
}

seed=$SEED
for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
	SEED=$((seed + ROUND - 1))
	echo "chaos: SEED=$SEED EVENTS=$EVENTS WAVE=$WAVE"
	on_all with_hold_chaos_loses_nothing_and_doubles_nothing
	if [ "$ROUNDS" -gt 1 ]; then
		on_all with_resend_chaos_doubles_what_was_in_flight_at_most
	else                            # as a part of make check
		on_one sqlite with_resend_chaos_doubles_what_was_in_flight_at_most
	fi
done
finish
