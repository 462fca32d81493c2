# SPDX-License-Identifier: Apache-2.0
# lib.sh - what the measurements against a database share; sourced by them.
#
# They act upon databases by name (gateway, bare ...), each new and empty, of the engine
# $ENGINE, and on one message centre and one gateway at a time. Whatever they start ends
# with them. B is the build folder; BENCH_PGSQL=URL measures on that server (its
# databases smsqld_bench_* are made and dropped) instead of one started here.

set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build} ENGINE=${ENGINE:-sqlite} WINDOW=${WINDOW:-1000}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/smsqld-bench.XXXXXX")
chmod 755 "$TMP"
server= sim= port= gateway= databases=() pids=()

leave() {
	local status=$?
	trap - EXIT
	[ ${#pids[@]} -eq 0 ] || { kill -KILL "${pids[@]}"; wait; } 2>/dev/null || true
	[ $status -eq 0 ] || tail -n 20 "$TMP"/*.log >&2 2>/dev/null || true
	[ "$ENGINE" != pgsql ] || [ -z "$server" ] || databases_drop
	[ ! -d "$TMP/my" ] || tests/my.sh stop "$TMP/my" >/dev/null 2>&1 || true
	[ ! -d "$TMP/pg" ] || tests/pg.sh stop "$TMP/pg" >/dev/null 2>&1 || true
	rm -rf "$TMP"
	exit $status
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() { echo "bench: $*" >&2; exit 1; }
say() { echo "bench: $*" >&2; }

seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b - a }'; }
quotient() { awk -v a="$1" -v b="$2" -v form="${3:-%.2f}" 'BEGIN { printf form, b ? a / b : 0 }'; } # A B [FORM]

# Databases.

databases_drop() {
	local name
	for name in "${databases[@]}"; do
		psql -Xq "$server" -c "DROP DATABASE IF EXISTS smsqld_bench_$name" 2>/dev/null || true
	done
}

url_of() { # NAME
	local base=${server%%\?*} query=
	[[ $server != *\?* ]] || query="?${server#*\?}"
	case $ENGINE in
	sqlite) echo "sqlite://$TMP/$1.db" ;;
	pgsql | mysql) echo "${base%/*}/smsqld_bench_$1$query" ;;
	esac
}

# A client of that database; what it is told on standard input it does at once, each
# statement in a transaction of its own.
client() { # NAME FLAGS...
	local name=$1
	shift
	case $ENGINE in
	sqlite) sqlite3 -batch -cmd '.timeout 20000' "$TMP/$name.db" "$@" ;;
	pgsql) psql -XqAt -v ON_ERROR_STOP=1 "$(url_of "$name")" "$@" ;;
	mysql)
		mariadb --no-defaults -n -N -B -h 127.0.0.1 -P "$(cat "$TMP/my/port")" -u smsqld -psmsqld \
			--init-command="SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT',
			max_recursive_iterations = 100000000" "smsqld_bench_$name" "$@" ;;
	esac
}

sql() { # NAME STATEMENTS
	client "$1" <<<"$2;"
}

server_start() {
	case $ENGINE in
	sqlite) ;;
	pgsql)
		server=${BENCH_PGSQL:-}
		[ -n "$server" ] || server=$(tests/pg.sh start "$TMP/pg") ;;
	mysql) server=$(tests/my.sh start "$TMP/my") ;;
	*) die "ENGINE is sqlite, pgsql or mysql, not $ENGINE" ;;
	esac
}

# A new database, with our tables; and what a gateway on it reads.
database_new() { # NAME
	[ "$ENGINE" = sqlite ] || [ -n "$server" ] || server_start
	databases+=("$1")
	case $ENGINE in
	sqlite) ;;
	pgsql)
		psql -Xq "$server" -c "DROP DATABASE IF EXISTS smsqld_bench_$1" 2>/dev/null
		psql -Xq "$server" -c "CREATE DATABASE smsqld_bench_$1" ;;
	mysql) mariadb --no-defaults -h 127.0.0.1 -P "$(cat "$TMP/my/port")" -u smsqld -psmsqld \
		-e "CREATE DATABASE smsqld_bench_$1" ;;
	*) die "ENGINE is sqlite, pgsql or mysql, not $ENGINE" ;;
	esac
	cat >"$TMP/$1.conf" <<-END
	gateway  { name = "bench" journal = "$TMP" }
	database { url = "$(url_of "$1")" }
	link "bench" {
	    driver = smpp host = "127.0.0.1" port = $port system_id = "bench" window = $WINDOW
	}
	END
	chmod 600 "$TMP/$1.conf"
	"$B/smsqlctl" -c "$TMP/$1.conf" init >&2
}

# The statement that puts COUNT rows into a table; `i` counts them.
insert_of() { # TABLE COLUMNS EXPRESSIONS COUNT [FROM]
	local from=${5:-0}
	echo "INSERT INTO $1 ($2) WITH RECURSIVE n(i) AS (SELECT $((from + 1)) UNION ALL
	      SELECT i + 1 FROM n WHERE i < $((from + $4))) SELECT $3 FROM n;"
}

# As many as you like: in steps, so that no transaction is larger than a step.
insert_many() { # NAME TABLE COLUMNS EXPRESSIONS COUNT
	local at step=500000 left
	for ((at = 0; at < $5; at += step)); do
		left=$(($5 - at))
		insert_of "$2" "$3" "$4" $((left < step ? left : step)) $at
		[ "$ENGINE" != sqlite ] || echo 'PRAGMA wal_checkpoint(TRUNCATE);'
	done | client "$1" >/dev/null
}

fill() { # NAME COUNT: rows to be sent
	say "filling $2 rows for the $1"
	insert_many "$1" outbox 'recipient, body' \
		"'+36' || (200000000 + i), 'Message number ' || i || ' of the benchmark.'" "$2"
	settle_down "$1"
}

dirty_pages() { # NAME
	sql "$1" "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'" | cut -f 2
}

# Lets the server finish what it has put off.
settle_down() { # NAME
	case $ENGINE in
	sqlite) sql "$1" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null ;;
	pgsql) sql "$1" 'VACUUM ANALYZE'; sql "$1" CHECKPOINT ;;
	mysql)
		sql "$1" 'SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, innodb_max_dirty_pages_pct = 0'
		until [ "$(dirty_pages "$1")" -lt 100 ]; do sleep 0.2; done
		sql "$1" 'SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT, innodb_max_dirty_pages_pct_lwm = DEFAULT' ;;
	esac
}

now_sql() {
	case $ENGINE in
	sqlite) echo "strftime('%Y-%m-%d %H:%M:%f', 'now')" ;;
	pgsql) echo 'statement_timestamp()' ;;
	mysql) echo 'UTC_TIMESTAMP(3)' ;;
	esac
}

unix_ms_sql() { # COLUMN
	case $ENGINE in
	sqlite) echo "CAST(round((julianday($1) - 2440587.5) * 86400000) AS INTEGER)" ;;
	pgsql) echo "CAST(extract(epoch FROM $1) * 1000 AS bigint)" ;;
	mysql) echo "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', $1) DIV 1000)" ;;
	esac
}

# The message centre: $sim, $port.

sim_start() { # FLAGS...; the one before, if any, ends
	if [ -n "$sim" ]; then
		kill -TERM "$sim"
		wait "$sim" || true
	fi
	: >"$TMP/sim.out"
	"$B/smsc-sim" --quiet "$@" >"$TMP/sim.out" 2>"$TMP/sim.log" &
	sim=$!
	pids+=("$sim")
	until grep -q '^READY' "$TMP/sim.out"; do
		kill -0 "$sim" 2>/dev/null || die "smsc-sim does not start"
		sleep 0.02
	done
	port=$(sed -n 's/^READY smpp=//p' "$TMP/sim.out")
}

sim_count() { # WORD: one of its counts, now
	local before after=0 deadline=$((SECONDS + 20))
	before=$(wc -l <"$TMP/sim.out")
	kill -USR1 "$sim"
	until [ "$after" -gt "$before" ]; do
		[ "$SECONDS" -lt "$deadline" ] || die "smsc-sim does not tell its counts"
		sleep 0.01
		after=$(wc -l <"$TMP/sim.out")
	done
	tail -n 1 "$TMP/sim.out" | sed -n 's/.*"'"$1"'": *\([0-9]*\).*/\1/p'
}

await_count() { # WORD NUMBER SECONDS
	local deadline=$((SECONDS + $3)) found
	while found=$(sim_count "$1") && [ "$found" -lt "$2" ]; do
		[ "$SECONDS" -lt "$deadline" ] || die "$1 is $found and not $2 after $3 s"
		kill -0 "$gateway" 2>/dev/null || die "the gateway has ended"
		sleep 0.1
	done
}

# The gateway: $gateway.

gateway_start() { # NAME
	"$B/smsqld" -c "$TMP/$1.conf" 2>"$TMP/smsqld.log" &
	gateway=$!
	pids+=("$gateway")
}

gateway_stop() {
	kill -TERM "$gateway"
	wait "$gateway" || die "the gateway ended with status $?"
}

gateway_kill() {
	kill -KILL "$gateway"
	wait "$gateway" 2>/dev/null || true
}

cpu_s() { # so far, in seconds
	local stat
	read -ra stat <"/proc/$gateway/stat"
	awk -v t=$((stat[13] + stat[14])) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", t / hz }'
}

rss_mib() { awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$gateway/status"; } # at most, so far

# The full life of COUNT rows, from the start of the gateway to the last receipt
# acknowledged: $TOOK_S. The gateway goes on; the message centre is new, and so are its flags.
live() { # NAME COUNT
	local began=$EPOCHREALTIME
	gateway_start "$1"
	await_count receipts_acked "$2" $((120 + $2 / 500))
	TOOK_S=$(seconds "$began" "$EPOCHREALTIME")
}
