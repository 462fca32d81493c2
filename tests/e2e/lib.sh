# SPDX-License-Identifier: Apache-2.0
# lib.sh - how end-to-end tests run; sourced by them. What they act upon (databases,
# gateway, message centres) is in world.sh.
#
# A case is a shell function named as a sentence. on_all, on_both and on_one run it in a
# subshell of its own: with a new folder ($DIR), an empty database of its engine
# ($ENGINE, $URL) and, at its end however it ends, no process left behind. A case
# fails by fail(), by a command that fails (set -e), or by a sanitizer's complaint in
# a log. It waits by await_*, which look until a deadline; there is no bare sleep.
#
#     pass sqlite the_name_of_the_case 1.2s [a note]
#
# is what it prints, or `fail`, or `skip` with the reason. B is the build folder.
# SMSQLD_TEST_PGSQL names a PostgreSQL server, SMSQLD_TEST_MYSQL a MariaDB; without it one is started here.
# ONLY_CASE=PATTERN and ONLY_ENGINE=sqlite choose; UNDER=valgrind runs the gateway so.

set -uo pipefail
export LC_ALL=C.UTF-8
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=$(cd "$TOP" && cd "${B:-build}" && pwd) || exit 1
cd "$TOP" || exit 1
LOGS=${CHECK_LOGS:-}                    # where logs of failures are kept; empty: nowhere
HOME_DIR=$(mktemp -d "${TMPDIR:-/tmp}/smsqld-e2e.XXXXXX") || exit 1
chmod 755 "$HOME_DIR"
own_server= own_mysql= own_cluster=
failures=0

AT_END=                                 # a command for the end of the case, however it ends
AT_FAILURE=                             # a command before that, while all is as it failed
declare -A PORT PID                     # of simulators, by name; of the gateway: PID[gateway]

# Nobody writes to it: waiting for that is a sleep that starts no process.
mkfifo "$HOME_DIR/quiet"
exec {QUIET}<>"$HOME_DIR/quiet"

leave() {
	[ -z "$own_cluster" ] || tests/my.sh stop "$own_cluster" >/dev/null 2>&1
	[ -z "$own_mysql" ] || tests/my.sh stop "$own_mysql" >/dev/null 2>&1
	[ -z "$own_server" ] || tests/pg.sh stop "$own_server" >/dev/null 2>&1
	rm -rf "$HOME_DIR"
}
trap leave EXIT
trap 'exit 143' TERM INT

export SMSQLD_TEST_PORTS=${SMSQLD_TEST_PORTS:-$HOME_DIR/ports}
mkdir -p "$SMSQLD_TEST_PORTS"

# shellcheck source=tests/port.sh
. "$TOP/tests/port.sh"
# shellcheck source=tests/e2e/world.sh
. "$TOP/tests/e2e/world.sh"

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "$*" >"$DIR/note"
	exit 77
}

note() { echo "$*" >"$DIR/note"; }

expect() { # WHAT ACTUAL EXPECTED
	[ "$2" = "$3" ] || fail "$1: is \"$2\", not \"$3\""
}

expect_at_least() { # WHAT ACTUAL MINIMUM
	[ "$2" -ge "$3" ] || fail "$1: is $2, not at least $3"
}

# Waiting, always with a deadline in seconds.

nap() { read -r -t "$1" -u "$QUIET" || true; } # SECONDS

# Between two looks: a twentieth of a second at first, a quarter later, since looking may cost more
# than what is looked for.
doze() { # LOOKS SO FAR
	if [ "$1" -le 10 ]; then nap 0.05; else nap 0.25; fi
}

await() { # SECONDS WHAT COMMAND...
	local deadline=$((SECONDS + $1)) what=$2 looks=0
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || fail "in vain awaited: $what"
		doze $((++looks))
	done
}

await_sql() { # SECONDS EXPECTED QUERY
	local deadline=$((SECONDS + $1)) ANSWER WHY
	until ask_database "$3" && [ "${ANSWER%$'\n'}" = "$2" ]; do
		[ "$SECONDS" -lt "$deadline" ] || fail "in vain awaited \"$2\", found \"$ANSWER$WHY\": $3"
		nap 0.05
	done
}

await_log() { # SECONDS REGEX [LOG]
	await "$1" "a line $2 in ${3:-smsqld}.log" grep -Eq -- "$2" "$DIR/${3:-smsqld}.log"
}

await_gone() { # SECONDS PID
	local deadline=$((SECONDS + $1))
	while kill -0 "$2" 2>/dev/null; do
		[ "$SECONDS" -lt "$deadline" ] || fail "process $2 does not end"
		nap 0.02
	done
}

# Running cases.

stop_everything() {
	local name
	for name in "${!PID[@]}"; do
		kill -KILL "${PID[$name]}"
		wait "${PID[$name]}"
	done 2>/dev/null
}

tell_state() {
	local name
	echo "rows: $(statuses 2>&1)"
	for name in "${!PID[@]}"; do
		kill -0 "${PID[$name]}" 2>/dev/null || echo "$name has ended before its time"
	done
}

case_ends() {
	local status=$?
	trap - ERR EXIT
	set +e
	[ $status -eq 0 ] || { eval "$AT_FAILURE"; tell_state; }
	stop_everything
	if grep -lE 'ERROR: .*Sanitizer|runtime error:|WARNING: ThreadSanitizer|Assertion' \
		"$DIR"/*.log 2>/dev/null | grep -v 'case.log'; then
		echo "FAILED: a sanitizer or an assertion complained in that log"
		status=1
	fi
	database_drop
	ask_stop
	[ -z "$AT_END" ] || eval "$AT_END" >/dev/null 2>&1
	exit $status
}

keep_logs() { # NAME
	[ -n "$LOGS" ] || return 0
	mkdir -p "$LOGS/$1"
	cp "$DIR"/*.log "$DIR"/*.out "$DIR"/*.conf "$DIR"/*.record "$DIR"/*.kept "$LOGS/$1/" 2>/dev/null
	echo "    all of it: $LOGS/$1"
}

run_case() { # ENGINE CASE
	[ -z "${ONLY_ENGINE-}" ] || [ "$ONLY_ENGINE" = "$1" ] || return 0
	[[ $2 == *${ONLY_CASE-}* ]] || return 0
	local began=$EPOCHREALTIME status word=pass
	ENGINE=$1 DIR=$(mktemp -d "$HOME_DIR/$1.XXXXXX")
	(
		trap case_ends EXIT
		trap 'exit 143' TERM INT
		trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
		set -eE
		ask_start
		database_new
		"$2"
	) >"$DIR/case.log" 2>&1
	status=$?
	[ $status -eq 0 ] || word=fail
	[ $status -ne 77 ] || word=skip
	printf '%s %-6s %s %.1fs%s\n' $word "$1" "$2" \
		"$(bc_minus "$EPOCHREALTIME" "$began")" "$(sed 's/^/  (/; s/$/)/' "$DIR/note" 2>/dev/null)"
	if [ $word = fail ]; then
		failures=$((failures + 1))
		tail -n 15 "$DIR/case.log" | sed 's/^/    /'
		tail -n 5 "$DIR/smsqld.log" 2>/dev/null | cut -c1-200 | sed 's/^/    | /'
		keep_logs "$1-$2${ROUND:+-$ROUND}"
	fi
	rm -rf "$DIR"
}

bc_minus() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }

server_need() {
	[ -z "${SMSQLD_TEST_PGSQL-}" ] || return 0
	own_server=$HOME_DIR/pg
	SMSQLD_TEST_PGSQL=$(tests/pg.sh start "$own_server") || exit 1
	export SMSQLD_TEST_PGSQL
}

mysql_need() {
	[ -z "${SMSQLD_TEST_MYSQL-}" ] || return 0
	own_mysql=$HOME_DIR/my
	SMSQLD_TEST_MYSQL=$(tests/my.sh start "$own_mysql") || exit 1
	export SMSQLD_TEST_MYSQL
}

on_one() { # ENGINE CASE...
	local engine=$1 name
	shift
	[ -z "${ONLY_ENGINE-}" ] || [ "$ONLY_ENGINE" = "$engine" ] || return 0
	[ "$engine" != pgsql ] || server_need
	[ "$engine" != mysql ] || mysql_need
	for name; do run_case "$engine" "$name"; done
}

# Where the message centre decides what happens, two engines are enough: on_both. Where the
# database does: on_all.
on_both() { # CASE...
	on_one sqlite "$@"
	on_one pgsql "$@"
}

on_all() { # CASE...
	on_both "$@"
	on_one mysql "$@"
}

finish() { exit $((failures > 0)); }
