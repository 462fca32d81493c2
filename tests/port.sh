# SPDX-License-Identifier: Apache-2.0
# port.sh - a port of 127.0.0.1 for a server of a test; sourced.

# Below those that the kernel gives to whoever connects, and free just now. With SMSQLD_TEST_PORTS,
# a folder, none is told twice to those who share it.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		[ -z "${SMSQLD_TEST_PORTS-}" ] || mkdir "$SMSQLD_TEST_PORTS/$port" 2>/dev/null || continue
		# Connecting to a port that nobody listens on fails at once.
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
