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
#     tests/my.sh galera DIR     makes a Galera cluster of three such servers, DIR/1, DIR/2 and DIR/3,
#                                starts it and prints a URL with all of them. The verbs above are for
#                                each: one that was killed comes back and learns what it missed, as
#                                long as another is up. stop DIR is for all three
#
# The server listens on a free port of 127.0.0.1 only, keeps its data in a folder of
# its own (DIR/at names it) and is durable: each commit is flushed. It has no binary log.
# Started by root it runs as the user mysql, or nobody when there is none.
set -euo pipefail

DB=smsqld
MEMORY=256M
GALERA=/usr/lib/galera/libgalera_smm.so

# shellcheck source=tests/port.sh
. "$(dirname "$0")/port.sh"

fail() { echo "my.sh: $*" >&2; exit 1; }

# As the user who owns the server: nobody needs to be able to enter our folder.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid="$OWNER" --regid="$(id -gn "$OWNER")" --clear-groups -- "$@")
	else
		"$@"
	fi
}

url() { echo "mysql://smsqld:smsqld@127.0.0.1:$(cat "$1/port")/$DB"; }

up() { # DIR [FLAGS...]
	local dir=$1 at deadline=$((SECONDS + 30)) ready='ready for connections'
	shift
	at=$(cat "$dir/at")
	if [ -f "$dir/flags" ]; then
		local flags
		mapfile -t flags <"$dir/flags"
		set -- "${flags[@]}" "$@"
		MEMORY=64M ready="Synchronized with group, $ready" deadline=$((SECONDS + 90))
	fi
	rm -f "$at/log.err"
	as_server touch "$at/log.err"
	# A child of ours would be a zombie when it ends, and restart could not see that.
	(PATH=$at:$PATH as_server setsid "$SERVER" --no-defaults --datadir="$at/data" --tmpdir="$at" --socket="$at/socket" \
		--pid-file="$at/pid" --log-error="$at/log.err" --init-file="$at/init.sql" \
		--port="$(cat "$dir/port")" --bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin \
		--innodb-flush-log-at-trx-commit=1 --innodb-buffer-pool-size=$MEMORY \
		--innodb-log-file-size=$MEMORY --max-connections=200 "$@" </dev/null >/dev/null 2>&1 &)
	until grep -q "$ready" "$at/log.err" && [ -s "$at/pid" ]; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		! grep -Eq 'Aborting|mariadbd: Terminated' "$at/log.err" || return 1
		sleep 0.05
	done
}

start() {
	if [ -f "$1/flags" ]; then
		up "$1" --wsrep-start-position="$(position "$1")" && url "$1"
		return
	fi
	if [ -f "$1/at" ]; then up "$1" && url "$1"; return; fi
	make "$1"
	local at
	at=$(cat "$1/at")
	# Another test may take the port in between.
	for _ in 1 2 3 4 5; do
		free_port >"$1/port"
		! up "$1" || { url "$1"; return; }
		down "$1"
	done
	fail "the server did not start: $(tail -n 3 "$at/log.err")"
}

# A server that was never started.
make() { # DIR
	local at
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
}

down() { # DIR [SIGNAL]
	local pid
	pid=$(cat "$(cat "$1/at")/pid" 2>/dev/null) || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null || true
	tail -s 0.05 --pid="$pid" -f /dev/null
	rm -f "$(cat "$1/at")/pid"
}

stop() {
	local i
	for i in 1 2 3; do [ ! -d "$1/$i" ] || stop "$1/$i"; done
	[ -f "$1/at" ] || { rm -rf "$1"; return; }
	down "$1" KILL
	rm -rf "$(cat "$1/at")" "$1"
}

restart() {
	down "$1"
	start "$1" >/dev/null
}

# How far its data are, UUID:NUMBER.
position() { # DIR
	local at flags
	at=$(cat "$1/at")
	mapfile -t flags <"$1/flags"
	as_server "$SERVER" --no-defaults --datadir="$at/data" --tmpdir="$at" "${flags[@]}" --wsrep-recover \
		--log-error="$at/position.err" </dev/null >/dev/null 2>&1
	sed -n 's/.*Recovered position: *//p' "$at/position.err" | tail -n 1
}

# A node gets what it lacks from the memory of another (IST): all begin as copies of one, so that there is
# nothing to be copied between servers. What MariaDB wants to call for that tells the position and no more.
transfer_script() { # FILE
	cat <<-END
	#!/bin/bash
	while [ \$# -gt 0 ]; do
		case \$1 in
		--role) role=\$2 ;;
		--gtid) gtid=\$2 ;;
		--bypass) bypass=1 ;;
		esac
		shift
	done
	case \$role in
	joiner) rm -f $1; echo ready 127.0.0.1:1/none
		until [ -s $1 ]; do [ -d ${1%/*} ] || exit 22; sleep 0.05; done; cat $1 ;;
	donor) [ -n "\$bypass" ] || exit 22; echo "\$gtid" >$1.new; mv $1.new $1; echo "done \$gtid" ;;
	esac
	END
}

# What a node is told besides. A node that is gone is missed after five seconds, as is usual: nodes on a busy
# machine may be silent for one.
node_flags() { # DIR OF ALL, NUMBER
	local all=gcomm:// i group
	group=$(cat "$1/$2/group")
	for i in 1 2 3; do all+=127.0.0.1:$(cat "$1/$i/group"),; done
	cat <<-END
	--wsrep-on=1
	--wsrep-provider=$GALERA
	--wsrep-cluster-address=${all%,}
	--wsrep-node-address=127.0.0.1
	--wsrep-node-name=node$2
	--wsrep-sst-method=none_at_all
	--binlog-format=ROW
	--innodb-autoinc-lock-mode=2
	--wsrep-provider-options=base_port=$group;gmcast.listen_addr=tcp://127.0.0.1:$group;ist.recv_addr=127.0.0.1:$(free_port);gcache.size=32M
	END
}

galera() {
	local i at first
	[ -f "$GALERA" ] || fail 'Galera is not installed: make deps'
	make "$1/1"
	first=$(cat "$1/1/at")
	mkdir -p "$1/2" "$1/3"
	for i in 2 3; do mktemp -d /tmp/smsqld-my.XXXXXX >"$1/$i/at"; done
	for i in 1 2 3; do free_port >"$1/$i/port"; free_port >"$1/$i/group"; done
	for i in 1 2 3; do
		at=$(cat "$1/$i/at")
		node_flags "$1" $i >"$1/$i/flags"
		transfer_script "$first/position" >"$at/wsrep_sst_none_at_all"
		chmod 755 "$at/wsrep_sst_none_at_all"
	done
	# The first one becomes a cluster of one; then the others are copies of it.
	up "$1/1" --wsrep-new-cluster || fail "node 1 did not start: $(tail -n 3 "$first/log.err")"
	down "$1/1"
	for i in 2 3; do
		at=$(cat "$1/$i/at")
		cp -a "$first/data" "$first/init.sql" "$at"
		[ "$(id -u)" -ne 0 ] || chown "$OWNER": "$at"
	done
	up "$1/1" --wsrep-new-cluster
	# One after the other: they learn from the same file how far they are.
	for i in 2 3; do
		up "$1/$i" || fail "node $i did not start: $(tail -n 3 "$(cat "$1/$i/at")/log.err")"
	done
	url "$1/1" | sed "s|/$DB\$|,127.0.0.1:$(cat "$1/2/port"),127.0.0.1:$(cat "$1/3/port")/$DB|"
}

[ $# -eq 2 ] || fail "usage: tests/my.sh start|url|restart|kill|stop|galera DIR"
SERVER=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null) || fail "MariaDB is not installed: make deps"
OWNER=$(id -un mysql 2>/dev/null || echo nobody)
case $1 in
start | url | restart | stop | galera) "$1" "$2" ;;
kill) down "$2" KILL ;;
*) fail "$1 is not known" ;;
esac
