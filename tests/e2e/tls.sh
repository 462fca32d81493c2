#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tls.sh - links over TLS to a message centre that others wrote, with certificates that
# are good and with every kind that is not.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

authority() { # NAME: makes NAME.pem, NAME.key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-keyout "$DIR/$1.key" -out "$DIR/$1.pem" -subj "/CN=$1" 2>/dev/null
}

certificate() { # NAME AUTHORITY SUBJECT-ALT-NAME DAYS [PURPOSE]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$DIR/$1.key" \
		-out "$DIR/$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$DIR/$1.csr" -CA "$DIR/$2.pem" -CAkey "$DIR/$2.key" -CAcreateserial \
		-days "$4" -out "$DIR/$1.pem" -extfile <(echo "subjectAltName=$3
			${5:+extendedKeyUsage=$5}") 2>/dev/null
}

centre_with() { # CERTIFICATE [FLAGS...]
	local name=$1
	shift
	peer_start --echo --tls-cert "$DIR/$name.pem" --tls-key "$DIR/$name.key" "$@"
}

link_with() { # KEYS
	smpp_link main "${PORT[peer]}" "window = 10 tls = on $1" | conf
	ctl init
}

all_arrives() {
	gateway_up
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000001', 'Hello'), ('+36201000002', 'Szia ő')"
	await_statuses 20 delivered=2
	await_sql 20 2 "SELECT count(*) FROM inbox"
	gateway_stop
}

is_refused() { # REGEX [PATTERN]: the log and the table say which check failed
	gateway_start
	await_log 20 "event=down.*$1"
	await_sql 10 1 "SELECT count(*) FROM link WHERE name = 'main' AND state <> 'up' AND reason LIKE '${2-%TLS%}'"
	kill -TERM "${PID[gateway]}"
	await_gone 30 "${PID[gateway]}"
	unset 'PID[gateway]'
}

a_link_over_tls_carries_messages_both_ways() {
	authority ca
	certificate good ca IP:127.0.0.1 30
	centre_with good
	link_with "tls_ca = \"$DIR/ca.pem\""
	gateway_up
	await_sql 10 1 "SELECT count(*) FROM link WHERE state = 'up' AND reason LIKE 'TLSv1.3 %certificate of good until 20%'"
	gateway_stop
	all_arrives
	await_log 1 'event=connected host=127.0.0.1:[0-9]+, TLSv1.3 [A-Z0-9_]+, certificate of good until 20'
}

the_oldest_version_is_kept() {
	authority ca
	certificate good ca IP:127.0.0.1 30
	NODE_OPTIONS=--tls-max-v1.2 centre_with good
	link_with "tls_ca = \"$DIR/ca.pem\""
	all_arrives
	await_log 1 'event=connected.*TLSv1.2'
	link_with "tls_ca = \"$DIR/ca.pem\" tls_least = 1.3"
	is_refused 'TLS: .*(protocol version|version)'
}

a_certificate_of_an_unknown_authority_is_refused() {
	authority ca
	authority other
	certificate good other IP:127.0.0.1 30
	centre_with good
	link_with "tls_ca = \"$DIR/ca.pem\""
	is_refused 'check of who signed it.*retry=(0.9|1.[0-5])'
	link_with "tls_ca = \"$DIR/ca.pem\" tls_verify = off"
	all_arrives
}

a_certificate_for_another_name_is_refused() {
	authority ca
	certificate good ca DNS:smsc.example 30
	centre_with good
	link_with "tls_ca = \"$DIR/ca.pem\""
	is_refused 'check of the name'
	link_with "tls_ca = \"$DIR/ca.pem\" tls_name = \"smsc.example\""
	all_arrives
}

a_certificate_that_has_expired_is_refused() {
	authority ca
	certificate old ca IP:127.0.0.1 -1
	centre_with old
	link_with "tls_ca = \"$DIR/ca.pem\""
	is_refused 'check of the dates'
}

a_centre_that_asks_for_our_certificate_gets_it() {
	authority ca
	certificate good ca IP:127.0.0.1 30
	certificate ours ca DNS:shop.example 30
	centre_with good --tls-client-ca "$DIR/ca.pem"
	link_with "tls_ca = \"$DIR/ca.pem\" tls_certificate = \"$DIR/ours.pem\" tls_key = \"$DIR/ours.key\""
	all_arrives
	link_with "tls_ca = \"$DIR/ca.pem\""
	gateway_start
	await_log 20 'event=down.*TLS: .*certificate required'
}

files_that_cannot_be_read_are_said_when_the_configuration_is() {
	authority ca
	PORT[peer]=1
	smpp_link main 1 "tls = on tls_ca = \"$DIR/none.pem\"" | conf
	ctl init 2>"$DIR/said" && fail "a file that is not there is taken"
	grep -q 'tls_ca: .*none.pem cannot be read' "$DIR/said" || fail "$(cat "$DIR/said")"
	smpp_link main 1 "tls = on tls_certificate = \"$DIR/ca.pem\" tls_key = \"$DIR/ca.pem\"" | conf
	ctl init 2>"$DIR/said" && fail "a certificate is taken for a key"
	grep -q 'tls_key: .*ca.pem cannot be read, or does not go with' "$DIR/said" || fail "$(cat "$DIR/said")"
}

# A centre that speaks no TLS, and one that says nothing at all.
a_handshake_that_cannot_end_is_given_up() {
	sim_start sim
	smpp_link main "${PORT[sim]}" 'tls = on connect_timeout = 1' | conf
	ctl init
	is_refused 'TLS: |TLS handshake'
}

# A centre that connects to us sees our certificate.
a_centre_that_calls_by_outbind_is_served_over_tls() {
	authority ca
	certificate ours ca IP:127.0.0.1 30
	port_choose
	peer_start --account shop:secret --inbound-count 4 --outbind "127.0.0.1:$AWAITED" --outbind-as centre:wakeup --outbind-ca "$DIR/ca.pem"
	listen_link main "outbind_bind = transceiver password = \"secret\" tls = on tls_certificate = \"$DIR/ours.pem\" tls_key = \"$DIR/ours.key\"" | conf
	ctl init
	gateway_start
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000001', 'Hello'), ('+36201000002', 'Szia ő')"
	await_statuses 20 delivered=2
	await_sql 20 4 "SELECT count(*) FROM inbox"
	await_log 1 'event=called peer=127.0.0.1:[0-9]+ tls="the caller, TLSv1.3 '
	sim_start plain --outbind "127.0.0.1:$AWAITED,centre,wakeup"
	await_log 10 'event=outbind_refused peer=127.0.0.1:[0-9]+ reason="the caller: TLS: '
	sim_stop plain
	expect "binds without TLS" "$(sim_count plain binds)" 0
	gateway_stop
	listen_link main 'tls = on' | conf
	ctl init 2>"$DIR/said" && fail "tls without a certificate is taken"
	grep -q 'tls_certificate is missing' "$DIR/said" || fail "it says $(cat "$DIR/said")"
}

# What somebody who calls is told matters less than what the log says of him.
fingerprint() { # CERTIFICATE
	openssl x509 -noout -fingerprint -sha256 -in "$DIR/$1.pem" | cut -d= -f2
}

plain() { tr -d : <<<"$1" | tr A-F a-f; }

# Signed by himself: nobody else vouches for it, and nobody has to.
a_pinned_certificate_is_the_only_one_that_is_taken() {
	authority good
	authority other
	local good other
	good=$(fingerprint good)
	other=$(fingerprint other)
	centre_with good
	link_with "tls_verify = off tls_pin = \"$other\""
	is_refused "sha256 $(plain "$good"), and tls_pin says $(plain "$other")" \
		"%sha256 $(plain "$good"), and tls_pin says $(plain "$other")"
	link_with "tls_verify = off tls_pin = {\"$(plain "$other")\", \"$good\"}"
	all_arrives
	# Both checks have to be passed.
	link_with "tls_ca = \"$DIR/other.pem\" tls_pin = \"$good\""
	is_refused 'check of who signed it'
	link_with "tls_ca = \"$DIR/good.pem\" tls_name = good tls_pin = \"$other\""
	is_refused "and tls_pin says $(plain "$other")\""
}

a_centre_that_calls_is_known_by_its_fingerprint() {
	authority ca
	certificate ours ca IP:127.0.0.1 30
	authority good
	authority other
	port_choose
	listen_link main "outbind_bind = transceiver password = \"secret\" tls = on tls_certificate = \"$DIR/ours.pem\"
		tls_key = \"$DIR/ours.key\" tls_pin = \"$(fingerprint good)\"" | conf
	ctl init
	gateway_start
	await_log 20 'event=listening'
	is_turned_away 'the peer showed no certificate'
	is_turned_away "sha256 $(plain "$(fingerprint other)"), and tls_pin says $(plain "$(fingerprint good)")" other
	peer_start --account shop:secret --inbound-count 4 --outbind "127.0.0.1:$AWAITED" --outbind-as centre:wakeup \
		--outbind-ca "$DIR/ca.pem" --outbind-cert "$DIR/good.pem" --outbind-key "$DIR/good.key"
	await_sql 20 4 "SELECT count(*) FROM inbox"
	gateway_stop
}

is_turned_away() { # REGEX [CERTIFICATE]: calls with it
	openssl s_client -connect "127.0.0.1:$AWAITED" -quiet ${2:+-cert "$DIR/$2.pem" -key "$DIR/$2.key"} \
		</dev/null >>"$DIR/client.out" 2>&1 && fail "let in: $1"
	await_log 10 "event=outbind_refused peer=127.0.0.1:[0-9]+ reason=\"the caller: TLS: .*$1"
}

a_centre_that_calls_is_asked_for_its_certificate() {
	authority ca
	authority centres
	certificate ours ca IP:127.0.0.1 30
	certificate good centres DNS:centre.example 30
	certificate stranger ca DNS:centre.example 30
	certificate old centres DNS:centre.example -1
	certificate server centres DNS:centre.example 30 serverAuth
	port_choose
	local keys="tls = on tls_certificate = \"$DIR/ours.pem\" tls_key = \"$DIR/ours.key\""
	listen_link main "outbind_bind = transceiver password = \"secret\" $keys tls_client_ca = \"$DIR/centres.pem\"" | conf
	ctl init
	gateway_start
	await_log 20 'event=listening'
	is_turned_away 'the peer showed no certificate, and this link asks for one'
	is_turned_away 'check of who signed it\): name .* by tls_client_ca' stranger
	is_turned_away 'has expired \(check of the dates' old
	is_turned_away 'check of the purpose\): it is not one for a client' server
	peer_start --account shop:secret --inbound-count 4 --outbind "127.0.0.1:$AWAITED" --outbind-as centre:wakeup \
		--outbind-ca "$DIR/ca.pem" --outbind-cert "$DIR/good.pem" --outbind-key "$DIR/good.key"
	sql "INSERT INTO outbox (recipient, body) VALUES ('+36201000001', 'Hello')"
	await_statuses 20 delivered=1
	await_sql 20 4 "SELECT count(*) FROM inbox"
	await_log 1 'event=called peer=127.0.0.1:[0-9]+ tls="the caller, TLSv1.3 .*certificate of good until 20'
	gateway_stop
	listen_link main "$keys tls_client_ca = \"$DIR/none.pem\"" | conf
	ctl init 2>"$DIR/said" && fail "a file that is not there is taken"
	grep -q 'tls_client_ca: .*none.pem cannot be read' "$DIR/said" || fail "$(cat "$DIR/said")"
}

on_one sqlite a_link_over_tls_carries_messages_both_ways the_oldest_version_is_kept \
	a_certificate_of_an_unknown_authority_is_refused a_certificate_for_another_name_is_refused \
	a_certificate_that_has_expired_is_refused a_centre_that_asks_for_our_certificate_gets_it \
	files_that_cannot_be_read_are_said_when_the_configuration_is \
	a_handshake_that_cannot_end_is_given_up a_centre_that_calls_by_outbind_is_served_over_tls \
	a_centre_that_calls_is_asked_for_its_certificate a_pinned_certificate_is_the_only_one_that_is_taken \
	a_centre_that_calls_is_known_by_its_fingerprint
finish
