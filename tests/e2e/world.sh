# SPDX-License-Identifier: Apache-2.0
# world.sh - what an end-to-end case acts upon: its database, the gateway, message
# centres. Sourced by lib.sh, whose await_*, fail and $DIR, $ENGINE, $URL it uses.

# The database.

# One client for the case (ask.c), that its shell and those it forks ask in turn: the turn is a letter
# in a pipe. Who finds it taken, or asks beside a case, takes a client of his own for this one time.
ask_start() {
	mkfifo "$DIR/asked" "$DIR/answers" "$DIR/turn"
	exec {ASKED}<>"$DIR/asked" {ANSWERS}<>"$DIR/answers" {TURN}<>"$DIR/turn"
	"$B/tests/e2e/ask" "$DIR/long" <"$DIR/asked" >"$DIR/answers" &
	ASKER=$!
	disown "$ASKER"
	printf t >&"$TURN"
}

ask_stop() { TURN=; kill -KILL "$ASKER" 2>/dev/null; }

# What the client says, for as long as it lives and no longer than two minutes, goes to $SAID.
hear() { # OCTETS
	local part deadline=$((SECONDS + 120))
	SAID=
	until IFS= read -r -t 2 -N $(($1 - ${#SAID})) -u "$ANSWERS" part; do
		SAID+=$part
		# Of one that has ended and nobody has waited for there is no file any more.
		[ "$SECONDS" -lt "$deadline" ] && [ -e "/proc/$ASKER/exe" ] || return 1
	done
	SAID+=$part
}

# Runs statements, false when one fails. $ANSWER is their rows as psql -At, mariadb -NBr or sqlite3
# print them, $WHY what went wrong.
ask() { # URL STATEMENTS
	local LC_ALL=C status rows why turn=
	ANSWER= WHY=
	# What it reads at the last moment is there, although the time is said to be over.
	[ -z "${TURN-}" ] || read -r -t 0.1 -N 1 -u "$TURN" turn || true
	if [ -z "$turn" ]; then
		ask_alone "$@"
		return
	fi
	printf '%s\0%s\0' "$1" "$2" >&"$ASKED"
	hear 22 || { WHY="the client of the case has ended, or hears nothing for two minutes"; return 1; }
	read -r status rows why <<<"$SAID"
	if [ "$rows" -gt 4096 ]; then
		IFS= read -r -d '' ANSWER <"$DIR/long" || true
	elif [ "$rows" -gt 0 ]; then
		hear "$rows" && ANSWER=$SAID
	fi
	[ "$why" = 0 ] || { hear "$why" && WHY=$SAID; }
	printf t >&"$TURN"
	return "$status"
}

ask_alone() { # URL STATEMENTS
	local status=0 file=$HOME_DIR/why.$BASHPID
	ANSWER=$("$B/tests/e2e/ask" "$@" 2>"$file" && echo .) || status=$?
	ANSWER=${ANSWER%.}
	WHY=$(<"$file")
	[ -z "$WHY" ] || WHY+=$'\n'
	rm -f "$file"
	return $status
}

# The same with the database of the case.
ask_database() { # STATEMENTS
	local text=$1
	case $ENGINE in
	sqlite) ask "sqlite://$DATABASE" "$text" ;;
	pgsql) ask "$URL" "$text" ;;
	mysql)
		text=${text// AS text)/ AS char)}
		ask_again "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES',
		max_recursive_iterations = 10000000${SESSION_OF_MYSQL:+, $SESSION_OF_MYSQL}; ${text//"ltrim(recipient, '+')"/"TRIM(LEADING '+' FROM recipient)"}" ;;
	esac
}

# As an application has to: a statement that a deadlock (1213) or a long wait for a lock (1205)
# ended has done nothing, and is repeated.
ask_again() { # STATEMENTS, of which one writes at most
	local tries=0
	until ask "$URL" "$1"; do
		[[ $WHY =~ ^ERROR\ (1213|1205)\  ]] && [ $((++tries)) -lt 20 ] || return 1
	done
}

sql() { # STATEMENTS: prints their rows
	local ANSWER WHY status=0
	ask_database "$1" || status=$?
	printf %s "$ANSWER"
	printf %s "$WHY" >&2
	return $status
}

# By a URL as my.sh prints it, mysql://USER:PASSWORD@HOST:PORT/NAME; with mariadb's own client.
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

database_server() {
	case $ENGINE in
	pgsql) echo "$SMSQLD_TEST_PGSQL" ;;
	mysql) echo "$SMSQLD_TEST_MYSQL" ;;
	esac
}

database_new() {
	if [ "$ENGINE" = sqlite ]; then
		DATABASE=$DIR/sms.db URL=sqlite://$DIR/sms.db
		return
	fi
	DATABASE=e2e_$$_$RANDOM$RANDOM
	URL=$(database_server)
	sql "CREATE DATABASE $DATABASE"
	URL=$(url_of "$URL" "$DATABASE")
}

database_drop() {
	local force=
	[ "$ENGINE" != sqlite ] || return 0
	[ "$ENGINE" != pgsql ] || force='WITH (FORCE)'
	URL=$(database_server)
	sql "DROP DATABASE IF EXISTS $DATABASE $force" >/dev/null 2>&1 || true
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

STATUSES="SELECT CAST(status AS text) || '=' || count(*) FROM outbox GROUP BY status ORDER BY 1"

statuses() { sql "$STATUSES" | paste -sd' '; } # "delivered=3 failed=1": every status there is, by name

await_statuses() { # SECONDS EXPECTED
	await_sql "$1" "${2// /$'\n'}" "$STATUSES"
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

ucp_link() { # NAME PORT [KEYS]
	printf 'link "%s" { driver = ucp host = "127.0.0.1" port = %s username = "shop" password = "secret"\n' "$1" "$2"
	printf '  reconnect_min = 0.02 reconnect_max = 1 %s }\n' "${3:-window = 50}"
}

cimd2_link() { # NAME PORT [KEYS]
	printf 'link "%s" { driver = cimd2 host = "127.0.0.1" port = %s username = "shop" password = "secret"\n' "$1" "$2"
	printf '  reconnect_min = 0.02 reconnect_max = 1 %s }\n' "${3:-window = 50}"
}

modem_link() { # NAME DEVICE [KEYS]
	printf 'link "%s" { driver = modem device = "%s" state = "%s"\n' "$1" "$2" "$DIR"
	printf '  reconnect_min = 0.02 reconnect_max = 1 recovery_wait = 0.1 command_timeout = 2 %s }\n' "${3-}"
}

# Modems NAME1, NAME2, ... in $DIR, which take further lines of a script by modems_do.
modems_start() { # NAME COUNT FLAGS...
	local name=$1 count=$2
	shift 2
	sim_start "$name" --modem "$DIR/$name%d" --modem-count "$count" --modem-control "$DIR/$name.control" "$@"
}

modems_do() { # NAME LINE
	echo "$2" >"$DIR/$1.control"
}

# A port that was free just now, in $AWAITED.
port_choose() { AWAITED=$(free_port); }

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
	await_ready "$1"
}

process_kill() { # NAME
	kill -KILL "${PID[$1]}"
	wait "${PID[$1]}" 2>/dev/null || true
	unset "PID[$1]"
}

# Message centres.

# The last line of what it printed that matches; the match is in BASH_REMATCH.
said() { # NAME REGEX
	local line found= nothing=1
	while IFS= read -r line; do
		[[ ! $line =~ $2 ]] || found=$line nothing=
	done <"$DIR/$1.out"
	[ -z "$nothing" ] && [[ $found =~ $2 ]]
}

started() { # NAME: it is ready, or never will be
	said "$1" ^READY || ! kill -0 "${PID[$1]}"
}

# Awaits that it says where: the first in PORT[NAME], each in PORT[NAME.PROTOCOL].
await_ready() { # NAME
	local door
	await 20 "$1 is READY" started "$1"
	said "$1" '^READY [a-z]+=([0-9]+)' || fail "$1 does not start: $(tail -n 1 "$DIR/$1.log")"
	PORT[$1]=${BASH_REMATCH[1]}
	said "$1" '^READY (.*)'
	for door in ${BASH_REMATCH[1]}; do PORT[$1.${door%%=*}]=${door#*=}; done
}

sim_start() { # NAME FLAGS...
	local name=$1
	shift
	: >"$DIR/$name.out"
	"$B/smsc-sim" --record "$DIR/$name.record" "$@" >"$DIR/$name.out" 2>>"$DIR/$name.log" &
	PID[$name]=$!
	await_ready "$name"
}

more_lines() { # NAME BEFORE
	local lines
	mapfile -t lines <"$DIR/$1.out"
	[ ${#lines[@]} -gt "$2" ]
}

sim_report() { # NAME: asks for the counts now
	local lines
	mapfile -t lines <"$DIR/$1.out"
	kill -USR1 "${PID[$1]}"
	await 20 "counts of $1" more_lines "$1" ${#lines[@]}
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
	! said "$1" "\"$2\": *([0-9]*)" || echo "${BASH_REMATCH[1]}"
}

# The message centre of the npm package `smpp`.
peer_start() { # FLAGS...
	[ -d "$TOP/build/peers/node_modules/smpp" ] || fail "the npm package smpp could not be installed: make check says why"
	NODE_PATH=$TOP/build/peers/node_modules node tests/peers/smpp-smsc.js "$@" \
		>"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await_ready peer
}

# The message centre of Perl's Net::SMPP.
perl_start() { # FLAGS...
	perl tests/peers/net-smpp.pl "$@" >"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await_ready peer
}

# A message centre of UCP, in Perl.
perl_ucp_start() { # FLAGS...
	perl tests/peers/ucp-smsc.pl "$@" >"$DIR/peer.out" 2>"$DIR/peer.log" &
	PID[peer]=$!
	await_ready peer
}

# A program of Kannel's: under sbin, or lib/kannel/test.
kannel_start() { # NAME PROGRAM FLAGS...
	local name=$1 program=$2 usr=$TOP/build/peers/kannel/usr
	shift 2
	[ -x "$usr/$program" ] || fail "Debian's kannel and kannel-extras could not be had: make check says why"
	LD_LIBRARY_PATH=$(echo "$usr"/lib/*-linux-gnu*) stdbuf -oL "$usr/$program" "$@" >"$DIR/$name.log" 2>&1 &
	PID[$name]=$!
}

# The CIMD2 centre that it tests itself with, at port $AWAITED.
kannel_cimd2_start() { # FLAGS...
	kannel_start peer lib/kannel/test/test_cimd2 --user shop --password secret --port "$AWAITED" "$@"
}

# The gateway of that number, one of several: in a file and a log of its own, PID[gwN].
member_start() { # NUMBER [URL [PRELOADED]]
	local name=gw$1
	sed "s|\"gw1\"|\"$name\"|; s|url = \"[^\"]*\"|url = \"${2:-$URL}\"|" "$DIR/smsqld.conf" >"$DIR/$name.conf"
	chmod 600 "$DIR/$name.conf"
	LD_PRELOAD=${3-} FAKETIME=+1h FAKETIME_DONT_FAKE_MONOTONIC=1 \
		"$B/smsqld" -c "$DIR/$name.conf" 2>>"$DIR/$name.log" &
	PID[$name]=$!
}

member_stop() { # NUMBER
	kill -TERM "${PID[gw$1]}"
	await_gone 40 "${PID[gw$1]}"
	local status=0
	wait "${PID[gw$1]}" || status=$?
	expect "exit status of gw$1" "$status" 0
	unset "PID[gw$1]"
}

# What goes over the wire.

# What goes to and from a simulator, into run.pcapng; PID[dumpcap].
capture_start() { # NAME [PROTOCOL]
	DISSECTED=${2:-smpp}
	CAPTURED=${PORT[$1${2:+.$2}]}
	dumpcap -q -i lo -f "tcp port $CAPTURED" -w "$DIR/run.pcapng" 2>"$DIR/dumpcap.log" &
	PID[dumpcap]=$!
	await 10 "dumpcap captures, or says why not" eval \
		"grep -q '^File:' '$DIR/dumpcap.log' || ! kill -0 ${PID[dumpcap]}"
	grep -q '^File:' "$DIR/dumpcap.log" ||
		{ [ "$(id -u)" = 0 ] && fail "$(cat "$DIR/dumpcap.log")"; skip "capturing needs root or the group wireshark"; }
}

frames() { # FILTER: how many frames of the capture it lets through
	tshark -r "$DIR/run.pcapng" -d "tcp.port==$CAPTURED,${DISSECTED%2}" -Y "$1" 2>"$DIR/tshark.log" | wc -l
}

# dumpcap hands frames over late: the answer to the logout is the last one with a PDU, and UCP, which
# has no logout, closes.
ended_in_capture() {
	case $DISSECTED in
	smpp) [ "$(frames 'smpp.command_id == 0x80000006')" -ge 1 ] ;;
	cimd2) LC_ALL=C grep -aqP '\x0252:' "$DIR/run.pcapng" ;;
	ucp) [ "$(frames 'tcp.flags.fin == 1')" -ge 2 ] ;;
	esac
}

# When the gateway has logged out: the capture is whole, and tshark finds nothing malformed in
# it, but for what the filter lets through.
capture_end() { # [FILTER]
	await 20 "the end of the session in the capture" ended_in_capture
	kill -INT "${PID[dumpcap]}"
	await_gone 10 "${PID[dumpcap]}"
	expect "malformed frames" "$(frames "_ws.malformed and not (${1:-frame.len == 0})")" 0
}

# Rows of a table "REF|RECIPIENT|BODY|COLUMNS|VALUES", all of them in one call.
insert_rows() { # FUNCTION that prints it [LINK, for those that name none]
	local ref recipient body columns values all=
	while IFS='|' read -r ref recipient body columns values; do
		[ -z "${2-}" ] || [ "$columns" = link ] || columns+=', link' values+=", '$2'"
		all+="INSERT INTO outbox (ref, recipient, body, $columns) VALUES ('$ref', '$recipient', '$body', $values);"
	done < <("$1")
	sql "$all"
}

# Each row against its line: status, number of parts (0: any), text of the error.
compare_rows() { # "REF STATUS PARTS REGEX", a line each
	local ref status parts why found
	while read -r ref status parts why; do
		found=$(sql "SELECT CAST(status AS text) || '|' || coalesce(parts, 0) || '|' ||
			coalesce(error_text, '-') FROM outbox WHERE ref = '$ref'")
		echo "$ref: $found"
		expect "status of $ref" "${found%%|*}" "$status"
		[ "$parts" = 0 ] || expect "parts of $ref" "$(cut -d'|' -f2 <<<"$found")" "$parts"
		grep -Eq -- "$why" <<<"$(cut -d'|' -f3- <<<"$found")" ||
			fail "error_text of $ref does not say $why: $found"
	done <<<"$1"
}

# "RECIPIENT HEX" of what the network took, parts after one another and without their headers.
arrived_octets() { # RECORD of --record-json
	node -e '
		const fs = require("fs"), parts = {};
		for (const line of fs.readFileSync(process.argv[1], "utf8").trim().split("\n")) {
			const at = JSON.parse(line), octets = Buffer.from(at.short_message, "hex");
			const header = at.esm_class & 0x40 ? octets[0] + 1 : 0, udh = octets.subarray(0, header);
			const long = header >= 6 && udh[1] === 0 ? udh[5] : 1;
			(parts[at.destination] = parts[at.destination] || [])[long - 1] = octets.subarray(header).toString("hex");
		}
		for (const to of Object.keys(parts).sort()) console.log(to + " " + parts[to].join(""));' "$1"
}
