# SPDX-License-Identifier: Apache-2.0
# world.sh - what an end-to-end case acts upon: its database, the gateway, message
# centres. Sourced by lib.sh, whose await_*, fail and $DIR, $ENGINE, $URL it uses.

# The database.

sql() { # STATEMENTS
	case $ENGINE in
	sqlite) sqlite3 -batch -cmd '.timeout 20000' "$DATABASE" "$1" ;;
	pgsql) PGOPTIONS=--client-min-messages=warning psql -XqAt -v ON_ERROR_STOP=1 "$URL" -c "$1" ;;
	mysql)
		set -- "${1// AS text)/ AS char)}"
		my "$URL" -e "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT',
		max_recursive_iterations = 10000000; ${1//"ltrim(recipient, '+')"/"TRIM(LEADING '+' FROM recipient)"}" ;;
	esac
}

# By a URL as my.sh prints it, mysql://USER:PASSWORD@HOST:PORT/NAME.
my() { # URL FLAGS...
	local user password host port name
	IFS=':@/' read -r user password host port name <<<"${1#mysql://}"
	shift
	mariadb --no-defaults -N -B -r --default-character-set=utf8mb4 -h "$host" -P "$port" -u "$user" \
		-p"$password" "$name" "$@"
}

url_of() { # SERVER-URL DATABASE: the same server, that database
	local base=${1%%\?*} query=
	[[ $1 != *\?* ]] || query="?${1#*\?}"
	echo "${base%/*}/$2$query"
}

database_new() {
	if [ "$ENGINE" = sqlite ]; then
		DATABASE=$DIR/sms.db URL=sqlite://$DIR/sms.db
		return
	fi
	DATABASE=e2e_$$_$RANDOM$RANDOM
	if [ "$ENGINE" = mysql ]; then
		my "$SMSQLD_TEST_MYSQL" -e "CREATE DATABASE $DATABASE"
		URL=$(url_of "$SMSQLD_TEST_MYSQL" "$DATABASE")
		return
	fi
	psql -Xq "$SMSQLD_TEST_PGSQL" -c "CREATE DATABASE $DATABASE"
	URL=$(url_of "$SMSQLD_TEST_PGSQL" "$DATABASE")
}

database_drop() {
	[ "$ENGINE" != mysql ] || my "$SMSQLD_TEST_MYSQL" -e "DROP DATABASE IF EXISTS $DATABASE" >/dev/null 2>&1 || true
	[ "$ENGINE" != pgsql ] || psql -Xq "$SMSQLD_TEST_PGSQL" \
		-c "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" >/dev/null 2>&1 || true
}

# A server for this case alone, which it may kill; an engine without one has a file.
server_script() {
	case $ENGINE in
	pgsql) echo tests/pg.sh ;;
	mysql) echo tests/my.sh ;;
	esac
}

server_own() {
	[ -n "$(server_script)" ] || return 0
	AT_END='$(server_script) stop "$DIR/server"'
	URL=$($(server_script) start "$DIR/server")
}

server_kill() { $(server_script) kill "$DIR/server"; }
server_start() { $(server_script) start "$DIR/server" >/dev/null; }

# "now" and a few seconds from it, as an expression.
now_plus() { # SECONDS
	case $ENGINE in
	sqlite) echo "strftime('%Y-%m-%d %H:%M:%f', 'now', '$1 seconds')" ;;
	pgsql) echo "(now() + interval '$1 seconds')" ;;
	mysql) echo "(UTC_TIMESTAMP(3) + INTERVAL $1 SECOND)" ;;
	esac
}

# Milliseconds from one column to another, as an expression.
ms_between() { # FROM TO
	case $ENGINE in
	sqlite) echo "CAST(round((julianday($2) - julianday($1)) * 86400000) AS INTEGER)" ;;
	pgsql) echo "CAST(extract(epoch FROM $2 - $1) * 1000 AS bigint)" ;;
	mysql) echo "(TIMESTAMPDIFF(MICROSECOND, $1, $2) DIV 1000)" ;;
	esac
}

# Rows as an application would insert them; `i` counts them.
insert_many() { # COUNT COLUMNS EXPRESSIONS
	sql "INSERT INTO outbox ($2) WITH RECURSIVE n(i) AS
	     (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT $3 FROM n"
}

count_rows() { sql "SELECT count(*) FROM outbox WHERE $1"; } # CONDITION

statuses() { # "delivered=3 failed=1": every status there is, by name
	sql "SELECT CAST(status AS text) || '=' || count(*) FROM outbox GROUP BY status ORDER BY 1" |
		sort | paste -sd' '
}

await_statuses() { # SECONDS EXPECTED
	local deadline=$((SECONDS + $1)) found
	until found=$(statuses) && [ "$found" = "$2" ]; do
		[ "$SECONDS" -lt "$deadline" ] || fail "in vain awaited rows $2, found $found"
		sleep 0.1
	done
}

# The gateway.

conf() { # [GATEWAY-KEYS [DATABASE-KEYS]]; sections of links on standard input
	{
		echo "gateway { name = \"gw1\" drain_time = 20 journal = \"$DIR\" ${1-} }"
		echo "database { url = \"$URL\" ${2-} }"
		cat
	} >"$DIR/smsqld.conf.new"
	chmod 600 "$DIR/smsqld.conf.new"
	mv "$DIR/smsqld.conf.new" "$DIR/smsqld.conf"
}

smpp_link() { # NAME PORT [KEYS]
	printf 'link "%s" { driver = smpp host = "127.0.0.1" port = %s system_id = "shop"\n' "$1" "$2"
	printf '  reconnect_min = 0.02 reconnect_max = 1 %s }\n' "${3:-window = 50}"
}

# A port that was free just now, in $AWAITED.
port_choose() {
	sim_start chooser
	AWAITED=${PORT[chooser]}
	sim_stop chooser
}

listening() { # KEYS...: those of a link that awaits outbinds
	echo "listen = \"127.0.0.1:$AWAITED\" listen_from = {\"127.0.0.0/8\"} outbind_id = \"centre\"
		outbind_password = \"wakeup\" $*"
}

# A link that has no host.
listen_link() { # NAME KEYS...
	local name=$1
	shift
	smpp_link "$name" 1 "$(listening "$@")" | sed 's/host = "127.0.0.1" port = 1//'
}

ctl() { "$B/smsqlctl" -c "$DIR/smsqld.conf" "$@"; }

gateway_start() {
	# shellcheck disable=SC2086
	${UNDER-} "$B/smsqld" -c "$DIR/smsqld.conf" >>"$DIR/smsqld.log" 2>&1 &
	PID[gateway]=$!
}

gateway_up() { # starts it and waits until its links are up; LINKS other than 1 may be said
	gateway_start
	await_sql 20 "${1:-1}" "SELECT count(*) FROM link WHERE state = 'up'"
}

gateway_stop() {
	kill -TERM "${PID[gateway]}"
	await_gone 30 "${PID[gateway]}"
	local status=0
	wait "${PID[gateway]}" || status=$?
	expect "exit status of smsqld" "$status" 0
	unset 'PID[gateway]'
}

gateway_kill() {
	kill -KILL "${PID[gateway]}"
	wait "${PID[gateway]}" 2>/dev/null || true
	unset 'PID[gateway]'
}

# A network that can be broken: octets to PORT go through it. PORT[NAME], PID[NAME].
proxy_start() { # NAME PORT [LISTEN-PORT]
	: >"$DIR/$1.out"
	tests/e2e/proxy.pl "$2" "${3:-0}" >"$DIR/$1.out" 2>>"$DIR/$1.log" &
	PID[$1]=$!
	await 20 "$1 is READY" started "$1"
	PORT[$1]=$(sed -n 's/^READY port=//p' "$DIR/$1.out")
	[ -n "${PORT[$1]}" ] || fail "$1 does not start: $(tail -n 1 "$DIR/$1.log")"
}

process_kill() { # NAME
	kill -KILL "${PID[$1]}"
	wait "${PID[$1]}" 2>/dev/null || true
	unset "PID[$1]"
}

# Message centres.

started() { # NAME: it is ready, or never will be
	grep -q '^READY' "$DIR/$1.out" || ! kill -0 "${PID[$1]}"
}

sim_start() { # NAME FLAGS...
	local name=$1
	shift
	: >"$DIR/$name.out"
	"$B/smsc-sim" --record "$DIR/$name.record" "$@" >"$DIR/$name.out" 2>>"$DIR/$name.log" &
	PID[$name]=$!
	await 20 "$name is READY" started "$name"
	grep -q '^READY' "$DIR/$name.out" || fail "$name does not start: $(tail -n 1 "$DIR/$name.log")"
	PORT[$name]=$(sed -n 's/^READY smpp=//p' "$DIR/$name.out")
}

sim_report() { # NAME: asks for the counts now
	local before
	before=$(grep -c '^{' "$DIR/$1.out" || true)
	kill -USR1 "${PID[$1]}"
	await 20 "counts of $1" eval "[ \$(grep -c '^{' '$DIR/$1.out') -gt $before ]"
}

sim_stop() { # NAME
	kill -TERM "${PID[$1]}"
	await_gone 20 "${PID[$1]}"
	local status=0
	wait "${PID[$1]}" || status=$?
	expect "exit status of $1" "$status" 0
	unset "PID[$1]"
}

sim_count() { # NAME COUNT: from its last report
	sed -n 's/.*"'"$2"'": *\([0-9]*\).*/\1/p' "$DIR/$1.out" | tail -1
}

# The message centre of the npm package `smpp`.
peer_start() { # FLAGS...
	[ -d "$TOP/build/peers/node_modules/smpp" ] || fail "the npm package smpp could not be installed: make check says why"
	NODE_PATH=$TOP/build/peers/node_modules node tests/peers/smpp-smsc.js "$@" \
		>"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await 20 "the peer is READY" started peer
	grep -q '^READY' "$DIR/peer.out" || fail "the peer does not start: $(tail -n 1 "$DIR/peer.log")"
	PORT[peer]=$(sed -n 's/^READY smpp=//p' "$DIR/peer.out")
}

# The message centre of Perl's Net::SMPP.
perl_start() { # FLAGS...
	perl tests/peers/net-smpp.pl "$@" >"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await 20 "the peer is READY" started peer
	grep -q '^READY' "$DIR/peer.out" || fail "the peer does not start: $(tail -n 1 "$DIR/peer.log")"
	PORT[peer]=$(sed -n 's/^READY smpp=//p' "$DIR/peer.out")
}

# What goes over the wire.

capture_start() { # NAME of a simulator: into run.pcapng; PID[dumpcap]
	CAPTURED=${PORT[$1]}
	dumpcap -q -i lo -f "tcp port $CAPTURED" -w "$DIR/run.pcapng" 2>"$DIR/dumpcap.log" &
	PID[dumpcap]=$!
	await 10 "dumpcap captures, or says why not" eval \
		"grep -q '^File:' '$DIR/dumpcap.log' || ! kill -0 ${PID[dumpcap]}"
	grep -q '^File:' "$DIR/dumpcap.log" ||
		{ [ "$(id -u)" = 0 ] && fail "$(cat "$DIR/dumpcap.log")"; skip "capturing needs root or the group wireshark"; }
}

frames() { # FILTER: how many frames of the capture it lets through
	tshark -r "$DIR/run.pcapng" -d "tcp.port==$CAPTURED,smpp" -Y "$1" 2>"$DIR/tshark.log" | wc -l
}

# dumpcap hands frames over late: the answer to unbind is the last one with a PDU.
ended_in_capture() { [ "$(frames 'smpp.command_id == 0x80000006')" -ge 1 ]; }

# When the gateway has logged out: the capture is whole, and tshark finds nothing malformed in
# it, but for what the filter lets through.
capture_end() { # [FILTER]
	await 20 "the end of the session in the capture" ended_in_capture
	kill -INT "${PID[dumpcap]}"
	await_gone 10 "${PID[dumpcap]}"
	expect "malformed frames" "$(frames "_ws.malformed and not (${1:-frame.len == 0})")" 0
}
