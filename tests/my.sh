#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# my.sh - a private MariaDB for a test.
#
#     tests/my.sh start DIR      makes a server in DIR, or starts the one there; prints the URL of
#                                its database, which is empty at first
#     tests/my.sh url DIR        prints it again
#     tests/my.sh restart DIR    stops it in order and starts it on the same port
#     tests/my.sh kill DIR       SIGKILL, as a crash would
#     tests/my.sh stop DIR       stops it and removes DIR
#
# The server listens on a free port of 127.0.0.1 only, keeps its data in a folder of
# its own (DIR/at names it) and is durable: each commit is flushed. It has no binary log.
# Started by root it runs as the user mysql, or nobody when there is none.
set -euo pipefail

DB=smsqld

fail() { echo "my.sh: $*" >&2; exit 1; }

# As the user who owns the server: nobody needs to be able to enter our folder.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid="$OWNER" --regid="$(id -gn "$OWNER")" --clear-groups -- "$@")
	else
		"$@"
	fi
}

free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		# Connecting to a port that nobody listens on fails at once.
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

url() { echo "mysql://smsqld:smsqld@127.0.0.1:$(cat "$1/port")/$DB"; }

up() { # DIR
	local at pid deadline=$((SECONDS + 30))
	at=$(cat "$1/at")
	rm -f "$at/log.err"
	as_server touch "$at/log.err"
	# A child of ours would be a zombie when it ends, and restart could not see that.
	(as_server setsid "$SERVER" --no-defaults --datadir="$at/data" --tmpdir="$at" --socket="$at/socket" \
		--pid-file="$at/pid" --log-error="$at/log.err" --init-file="$at/init.sql" \
		--port="$(cat "$1/port")" --bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin \
		--innodb-flush-log-at-trx-commit=1 --innodb-buffer-pool-size=256M \
		--innodb-log-file-size=256M --max-connections=200 </dev/null >/dev/null 2>&1 &)
	until grep -q 'ready for connections' "$at/log.err" && [ -s "$at/pid" ]; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		! grep -q 'Aborting' "$at/log.err" || return 1
		sleep 0.05
	done
}

start() {
	local at
	if [ -f "$1/at" ]; then up "$1" && url "$1"; return; fi
	mkdir -p "$1"
	at=$(mktemp -d /tmp/smsqld-my.XXXXXX)
	echo "$at" >"$1/at"
	cat >"$at/init.sql" <<-END
	CREATE DATABASE IF NOT EXISTS $DB;
	CREATE USER IF NOT EXISTS smsqld@'127.0.0.1' IDENTIFIED BY 'smsqld';
	CREATE USER IF NOT EXISTS smsqld@localhost IDENTIFIED BY 'smsqld';
	GRANT ALL ON *.* TO smsqld@'127.0.0.1' WITH GRANT OPTION;
	GRANT ALL ON *.* TO smsqld@localhost WITH GRANT OPTION;
	END
	[ "$(id -u)" -ne 0 ] || chown -R "$OWNER": "$at"
	as_server mariadb-install-db --no-defaults --datadir="$at/data" --tmpdir="$at" --skip-test-db \
		--auth-root-authentication-method=normal --innodb-log-file-size=4M >"$1/install.log" 2>&1 ||
		fail "mariadb-install-db failed: $(tail -n 1 "$1/install.log")"
	# Another test may take the port in between.
	for _ in 1 2 3 4 5; do
		free_port >"$1/port"
		! up "$1" || { url "$1"; return; }
		down "$1"
	done
	fail "the server did not start: $(tail -n 3 "$at/log.err")"
}

down() { # DIR [SIGNAL]
	local pid
	pid=$(cat "$(cat "$1/at")/pid" 2>/dev/null) || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null || true
	tail -s 0.05 --pid="$pid" -f /dev/null
	rm -f "$(cat "$1/at")/pid"
}

stop() {
	[ -f "$1/at" ] || return 0
	down "$1" KILL
	rm -rf "$(cat "$1/at")" "$1"
}

restart() {
	down "$1"
	up "$1"
}

[ $# -eq 2 ] || fail "usage: tests/my.sh start|url|restart|kill|stop DIR"
SERVER=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null) || fail "MariaDB is not installed: make deps"
OWNER=$(id -un mysql 2>/dev/null || echo nobody)
case $1 in
start | url | restart | stop) "$1" "$2" ;;
kill) down "$2" KILL ;;
*) fail "$1 is not known" ;;
esac
