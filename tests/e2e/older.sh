# SPDX-License-Identifier: Apache-2.0
# older.sh - what holds for a link of EMI/UCP as for one of CIMD2; sourced by ucp.sh and
# cimd2.sh, with PROTOCOL=ucp or cimd2.
#
# The cases are those of life.sh, crash.sh, commands.sh and others in short: what is said there of
# SMPP is not tried again where no driver has a part in it.

fails=36209999001 undeliverable=36209999002
LONG=$(printf 'long message number %03d. ' {1..18})
WIDE=$(printf 'длинный текст 😀 %d; ' {1..12})

# A message centre with a door for the protocol, which knows one account.
centre_start() { # NAME FLAGS...
	local name=$1
	shift
	sim_start "$name" "--$PROTOCOL" 0 --account shop:secret "$@"
}

link_to() { # NAME CENTRE [KEYS]
	"${PROTOCOL}_link" "$1" "${PORT[$2.$PROTOCOL]}" "${@:3}"
}

octets() { # HEX: as the engine writes them
	case $ENGINE in
	pgsql) echo "'\\x$1'" ;;
	*) echo "X'$1'" ;;
	esac
}

# ref | recipient | body | other columns | their values
rows_to_centres() {
	cat <<-END
	plain|+36201234567|Hello @£\$ [€]|kind|'text'
	unicode|+36201234569|Szia, привет, 你好 😀|kind|'text'
	long|+36201234570|${LONG:0:400}|kind|'text'
	longuni|+36201234571|${WIDE:0:150}|kind|'text'
	flash|+36201234572|Look up!|kind|'flash'
	sender|+36201234573|from a name|sender|'Shop'
	number|+36201234574|from a number|sender|'+36301234567'
	fails|+$fails|nobody there|kind|'text'
	undeliv|+$undeliverable|switched off|kind|'text'
	expires|+36201234575|too late there|link|'expiring'
	rejected|+36201234576|not taken there|link|'rejecting'
	impossible|abc|to no number|kind|'text'
	noreceipt|+36201234577|no receipt wanted|receipt|$([ "$ENGINE" = sqlite ] && echo 0 || echo false)
	octets|+36201234578||kind, data|'binary', $(octets 00017F80FF0A0D1B)
	many|+36201234579||kind, data|'binary', $(octets "$(printf '%02X' {0..199})")
	ports|+36201234580||kind, data, options|'binary', $(octets 024A3A), '{"dest_port": 5505}'
	END
}

expected_at_centres='expires undelivered 1 .
fails failed 1 36209999001|destination|recipient|number|address
flash delivered 1 -
impossible failed 0 abc
long delivered 3 -
longuni delivered 3 -
many delivered 2 -
noreceipt sent 1 -
number delivered 1 -
octets delivered 1 -
plain delivered 1 -
ports delivered 1 -
rejected undelivered 1 .
sender delivered 1 -
undeliv undelivered 1 .
unicode delivered 1 -'

every_row_ends_as_it_should_and_says_why() {
	centre_start sim --fail $fails --undeliverable $undeliverable --record-json "$DIR/submits.kept"
	centre_start expiring --expired 1
	centre_start rejecting --rejected 1
	{ link_to main sim; link_to expiring expiring; link_to rejecting rejecting; } | conf
	ctl init
	gateway_up 3
	insert_rows rows_to_centres main
	await_sql 20 0 "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending') OR
		(status = 'sent' AND ref <> 'noreceipt')"
	compare_rows "$expected_at_centres"
	expect "rows with all their times" 10 "$(count_rows "status = 'delivered' AND link_used = 'main'
		AND claimed_at IS NOT NULL AND sent_at IS NOT NULL AND done_at IS NOT NULL AND attempts = 1
		AND message_id IS NOT NULL")"
	gateway_stop
	sim_stop sim
	expect "doubles" "$(sim_count sim doubles)" 0
	expect "receipts not acknowledged" "$(sim_count sim receipts_acked)" "$(sim_count sim receipts_sent)"
	arrived_octets "$DIR/submits.kept" >"$DIR/arrived.out"
	grep -q '^36201234578 00017f80ff0a0d1b$' "$DIR/arrived.out" || fail "other octets arrived: $(cat "$DIR/arrived.out")"
	grep -q "^36201234579 $(printf '%02x' {0..199})$" "$DIR/arrived.out" || fail "other octets arrived, in parts"
	grep -q "^36201234571 $(printf %s "${WIDE:0:150}" | iconv -t UTF-16BE | od -An -v -tx1 | tr -d ' \n')$" "$DIR/arrived.out" ||
		fail "another text arrived in parts"
}

messages_from_handsets_arrive_short_and_long() {
	centre_start sim --inbound-count 40 --inbound-from 447700900001 --inbound-to 12345 \
		--inbound-text 'hello %d, привет' --inbound-long 4
	link_to main sim | conf
	ctl init
	gateway_up
	await_sql 20 40 "SELECT count(*) FROM inbox WHERE body LIKE 'hello %, привет%' AND link = 'main' AND
		sender LIKE '%447700900001' AND recipient LIKE '%12345'"
	expect "long ones" "$(sql "SELECT count(*) FROM inbox WHERE length(body) > 70")" 10
	expect "different texts" "$(sql "SELECT count(DISTINCT body) FROM inbox")" 40
	gateway_stop
	sim_stop sim
	expect "inbound acknowledged" "$(sim_count sim inbound_acked)" "$(sim_count sim inbound_sent)"
}

await_gone_out() { # COUNT: so many rows are on their way at least
	await_sql 30 go "SELECT CASE WHEN count(*) >= $1 THEN 'go' END FROM outbox WHERE status IN ('sent', 'delivered')"
}

# The gateway dies, then the centre; and the answer to every 150th message is lost with its connection.
killed_in_the_middle_nothing_is_lost_and_nothing_doubled() {
	local lost unsaid rows=500
	run=1 centre=centre1
	centre_start centre1 --response-delay 5:20 --receipt-delay 5:40 --disconnect-every 150 \
		--deliver-timeout 1000 --inbound 20 --inbound-from 44771%d --inbound-text 'in 1.%d'
	link_to main centre1 'window = 20' | conf 'in_doubt = hold' 'lease = 2'
	ctl init
	gateway_up
	insert_many $rows 'recipient, body' "'+36' || (200000000 + i), 'row ' || i ||
		CASE (i % 10) WHEN 0 THEN '$(printf ' and more%.0s' {1..40})' ELSE '' END"
	await_gone_out 100
	gateway_kill
	gateway_start
	await_gone_out 250
	process_kill centre1
	run=2 centre=centre2
	centre_start centre2 --smpp "${PORT[centre1]}" "--$PROTOCOL" "${PORT[centre1.$PROTOCOL]}" --seed 2 --response-delay 2 \
		--inbound-count 10 --inbound-from 44772%d --inbound-text 'in 2.%d xxxxxxxx' --inbound-long 1
	await_sql 30 0 "SELECT count(*) FROM outbox WHERE status NOT IN ('sent', 'delivered', 'doubtful')"
	await 30 "receipts for the last rows" receipts_are_over
	gateway_stop
	sim_stop centre2
	arrived >"$DIR/arrived"
	recipients_that "status IN ('sent', 'delivered')" >"$DIR/said"
	recipients_that "status = 'doubtful'" >"$DIR/doubtful"
	lost=$(comm -13 "$DIR/arrived" "$DIR/said" | wc -l)
	unsaid=$(sort -m "$DIR/said" "$DIR/doubtful" | comm -23 "$DIR/arrived" - | wc -l)
	judge_inbound
	judge_receipts
	note "$rows rows, $(statuses), $lost lost, $(doubled) doubled, $(wc -l <"$DIR/inbound.acked") inbound"
	expect "rows" "$(count_rows 'id > 0')" "$rows"
	expect "rows that say sent and are at no centre" "$lost" 0
	expect "rows at a centre that say neither sent nor doubtful" "$unsaid" 0
	expect "parts that came twice" "$(doubled)" 0
	expect "doubtful rows without a reason" "$(count_rows "status = 'doubtful' AND error_text IS NULL")" 0
	[ "$(wc -l <"$DIR/doubtful")" -lt 200 ] || fail "$(wc -l <"$DIR/doubtful") rows are doubtful"
}

command() { # COLUMNS VALUES: its id
	sql "INSERT INTO command ($1) VALUES ($2) RETURNING id" | head -1
}

await_command() { # ID STATUS
	await_sql 20 "$2" "SELECT status FROM command WHERE id = $1"
}

a_message_is_asked_about_and_cancelled_from_sql() {
	local query cancel
	centre_start sim --receipt-delay 60000
	link_to main sim "window = 10 $CANCELLABLE" | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body, sender) VALUES ('+36201234567', 'under way', '12345')"
	await_statuses 20 sent=1
	query=$(command 'what, outbox_id' "'query', 1")
	await_command "$query" 'done'
	expect "state under way" "$(sql "SELECT answer FROM command WHERE id = $query")" enroute
	cancel=$(command 'what, outbox_id' "'cancel', 1")
	await_command "$cancel" 'done'
	await_sql 10 cancelled "SELECT status FROM outbox WHERE done_at IS NOT NULL"
	cancel=$(command 'what, outbox_id' "'cancel', 1")
	await_command "$cancel" refused
	expect "a code and words for it" "$(sql "SELECT count(*) FROM command WHERE id = $cancel AND error_code > 0 AND
		length(error_text) > 10")" 1
	gateway_stop
}

a_centre_that_throttles_gets_everything_once() {
	centre_start sim --rate 200
	link_to main sim | conf
	ctl init
	gateway_up
	insert_many 400 'recipient, body' "'+3620' || (1000000 + i), 'throttled ' || i"
	await_statuses 30 delivered=400
	gateway_stop
	sim_stop sim
	expect_at_least "submits that were throttled" "$(sim_count sim throttled)" 1
	expect "doubles" "$(sim_count sim doubles)" 0
}

# The first port is nobody's; the second host dies as well, and the third takes over.
another_host_stands_in_for_one_that_is_dead() {
	centre_start one
	centre_start two
	port_choose
	link_to main one "window = 10" | sed "s/host = [^ ]*/host = {$(printf '"127.0.0.1:%s",' "$AWAITED" \
		"${PORT[one.$PROTOCOL]}" "${PORT[two.$PROTOCOL]}")}/; s/,}/}/" | conf
	ctl init
	gateway_up
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234501', 'by the second')"
	await_statuses 20 delivered=1
	process_kill one
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201234502', 'by the third')"
	await_statuses 20 delivered=2
	gateway_stop
	sim_stop two
	expect "messages by the third" "$(sim_count two messages)" 1
}

a_wrong_password_is_told_in_words() {
	centre_start sim
	link_to main sim | sed 's/"secret"/"kakadu77"/' | conf
	ctl init
	gateway_start
	await_sql 20 1 "SELECT count(*) FROM link WHERE state <> 'up' AND reason LIKE '%$REFUSED%'"
	! grep -q kakadu "$DIR/smsqld.log" || fail "the log tells the password"
}

# OpenSSL's own certificates, and a front of Node.js before the centre.
all_goes_over_tls() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout "$DIR/front.key" \
		-out "$DIR/front.pem" -subj "/CN=front" -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	centre_start sim --inbound-count 5
	: >"$DIR/front.out"
	node tests/peers/tls-front.js "$DIR/front" "${PORT[sim.$PROTOCOL]}" >"$DIR/front.out" 2>"$DIR/front.log" &
	PID[front]=$!
	await_ready front
	"${PROTOCOL}_link" main "${PORT[front]}" "window = 10 tls = on tls_ca = \"$DIR/front.pem\"" | conf
	ctl init
	gateway_up
	insert_many 50 'recipient, body' "'+3620' || (1000000 + i), 'secret ' || i"
	await_statuses 20 delivered=50
	await_sql 20 5 "SELECT count(*) FROM inbox"
	expect "what the link says" "$(sql "SELECT count(*) FROM link WHERE reason LIKE 'TLSv1.3 %'")" 1
	gateway_stop
}

# Wireshark reads but the first CIMD2 packet of each segment, and what the centre sends by itself may
# share one: one message goes when nothing else does, so that there is one of each for sure.
tshark_finds_nothing_malformed_in_a_whole_run() {
	local operation
	centre_start sim --fail $fails --inbound 20 --inbound-count 20 --inbound-text 'hello %d, привет' --inbound-long 4 --receipt-delay 300
	link_to main sim "window = 1 keepalive = 1 $CANCELLABLE" | conf
	ctl init
	capture_start sim $PROTOCOL
	gateway_up
	await_sql 20 20 "SELECT count(*) FROM inbox"
	sql "INSERT INTO outbox (recipient, kind, data) VALUES ('+36201000005', 'binary', $(octets 00017F80FF0A0D1B))"
	await_statuses 20 "delivered=1"
	sql "INSERT INTO outbox (recipient, body, sender) VALUES ('+36201000001', 'Hello @£\$ [€]', 'Shop'),
	     ('+36201000002', 'Szia, привет, 你好 😀', '12345'), ('+36201000003', '$LONG', 'Shop'),
	     ('+36201000004', '$WIDE', '+36301234567'), ('+$fails', 'x', 'Shop')"
	await_command "$(command 'what, outbox_id' "'query', 1")" 'done'
	await_statuses 20 "delivered=5 failed=1"
	await 10 "a keep-alive" env LC_ALL=C grep -aqP "$KEEPALIVE" "$DIR/run.pcapng"
	gateway_stop
	sim_stop sim
	capture_end
	tshark -r "$DIR/run.pcapng" -d "tcp.port==$CAPTURED,${DISSECTED%2}" -T fields -e "$OPERATION" \
		-E occurrence=a -E aggregator=/s 2>"$DIR/tshark.log" | tr ' ' '\n' >"$DIR/operations.out"
	for operation in "$SUBMIT" "$DELIVERY" "$RECEIPT"; do
		expect_at_least "operations $operation that it dissected" "$(grep -cx "$operation" "$DIR/operations.out")" 1
	done
	note "$(grep -c . "$DIR/operations.out") operations"
}

cases_of_both() {
	on_all every_row_ends_as_it_should_and_says_why messages_from_handsets_arrive_short_and_long \
		killed_in_the_middle_nothing_is_lost_and_nothing_doubled
	on_both a_message_is_asked_about_and_cancelled_from_sql
	on_one sqlite a_centre_that_throttles_gets_everything_once another_host_stands_in_for_one_that_is_dead \
		a_wrong_password_is_told_in_words all_goes_over_tls tshark_finds_nothing_malformed_in_a_whole_run
}
