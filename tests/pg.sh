#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pg.sh - a private PostgreSQL for a test.
#
#     tests/pg.sh start DIR      makes a cluster in DIR, or starts the one there; prints the URL of
#                                its database, which is empty at first
#     tests/pg.sh url DIR        prints it again
#     tests/pg.sh restart DIR    stops it in order and starts it on the same port
#     tests/pg.sh kill DIR       SIGKILL to every process of it, as a crash would
#     tests/pg.sh stop DIR       stops it and removes DIR
#
#     tests/pg.sh standby DIR    makes DIR/standby, which streams from the server in DIR by a slot, and
#                                starts it; it is a server to the verbs above. Prints a URL with both
#     tests/pg.sh synchronous DIR  from now on the server in DIR commits when its standby has it, too
#     tests/pg.sh promote DIR    the standby in DIR becomes a primary, and has become one
#
# The server listens on a free port of 127.0.0.1 only, keeps its data in a folder of
# its own (DIR/at names it) and is durable: fsync stays on. It refuses to run as
# root; then it runs as the user postgres.
set -euo pipefail

DB=smsqld

# shellcheck source=tests/port.sh
. "$(dirname "$0")/port.sh"

fail() { echo "pg.sh: $*" >&2; exit 1; }

bin() {
	local dir
	dir=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
	[ -x "$dir/initdb" ] || dir=$(dirname "$(command -v initdb || fail 'PostgreSQL is not installed: make deps')")
	echo "$dir"
}

# As the user who owns the server: nobody needs to be able to enter our folder.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
	else
		"$@"
	fi
}

url() { echo "postgresql://postgres@127.0.0.1:$(cat "$1/port")/$DB"; }

up() { # DIR
	local at
	at=$(cat "$1/at")
	as_server "$BIN/pg_ctl" -D "$at/data" -l "$at/log" -w -t 60 \
		-o "-p $(cat "$1/port") -k $at -c listen_addresses=127.0.0.1" start >/dev/null
}

start() {
	local at
	if [ -f "$1/at" ]; then up "$1" && url "$1"; return; fi
	mkdir -p "$1"
	at=$(mktemp -d /tmp/smsqld-pg.XXXXXX)
	echo "$at" >"$1/at"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$at"
	as_server "$BIN/initdb" -D "$at/data" -U postgres -A trust -E UTF8 --locale=C >"$1/initdb.log" ||
		fail "initdb failed: $(tail -n 1 "$1/initdb.log")"
	# Another test may take the port in between.
	for _ in 1 2 3 4 5; do
		free_port >"$1/port"
		up "$1" && break
	done
	"$BIN/psql" -qAtX -h 127.0.0.1 -p "$(cat "$1/port")" -U postgres -d postgres \
		-c "CREATE DATABASE $DB" >/dev/null || fail "the server did not start: $(tail -n 3 "$at/log")"
	url "$1"
}

stop() {
	local at
	[ ! -d "$1/standby" ] || stop "$1/standby"
	[ -f "$1/at" ] || return 0
	at=$(cat "$1/at")
	as_server "$BIN/pg_ctl" -D "$at/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$at" "$1"
}

restart() {
	as_server "$BIN/pg_ctl" -D "$(cat "$1/at")/data" -m fast -w stop >/dev/null
	up "$1"
}

kill_server() {
	local pid all
	pid=$(head -n 1 "$(cat "$1/at")/data/postmaster.pid")
	# Stopped first, so that it does not answer the death of one child with another.
	kill -STOP "$pid"
	mapfile -t all < <(echo "$pid"; pgrep -P "$pid")
	kill -KILL "${all[@]}" 2>/dev/null || true
	for pid in "${all[@]}"; do tail -s 0.05 --pid="$pid" -f /dev/null; done
	rm -f "$(cat "$1/at")/data/postmaster.pid"
}

ask() { "$BIN/psql" -qAtX -h 127.0.0.1 -p "$(cat "$1/port")" -U postgres -d $DB -c "$2"; } # DIR STATEMENT

standby() {
	local at
	at=$(mktemp -d /tmp/smsqld-pg.XXXXXX)
	mkdir -p "$1/standby"
	echo "$at" >"$1/standby/at"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$at"
	as_server "$BIN/pg_basebackup" -h 127.0.0.1 -p "$(cat "$1/port")" -U postgres -D "$at/data" -R -X stream \
		-c fast -C -S standby >"$1/standby/backup.log" 2>&1 ||
		fail "pg_basebackup failed: $(tail -n 1 "$1/standby/backup.log")"
	for _ in 1 2 3 4 5; do
		free_port >"$1/standby/port"
		up "$1/standby" && break
	done
	url "$1" | sed "s|/$DB\$|,127.0.0.1:$(cat "$1/standby/port")/$DB?target_session_attrs=read-write|"
}

synchronous() {
	local deadline=$((SECONDS + 30))
	ask "$1" "ALTER SYSTEM SET synchronous_standby_names = '*'" >/dev/null
	ask "$1" 'SELECT pg_reload_conf()' >/dev/null
	until [ "$(ask "$1" "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'")" = sync ]; do
		[ "$SECONDS" -lt "$deadline" ] || fail "the standby does not become synchronous"
		sleep 0.1
	done
}

promote() { as_server "$BIN/pg_ctl" -D "$(cat "$1/at")/data" -w -t 60 promote >/dev/null; }

[ $# -eq 2 ] || fail "usage: tests/pg.sh start|url|restart|kill|stop|standby|synchronous|promote DIR"
BIN=$(bin)
case $1 in
start | url | restart | stop | standby | synchronous | promote) "$1" "$2" ;;
kill) kill_server "$2" ;;
*) fail "$1 is not known" ;;
esac
