#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# texts.sh - every alphabet and kind of message, there and back: a message centre echoes
# what it got, and what comes back is to be what the application wrote, byte for byte.
# Once smsc-sim does it, once one that others wrote, which also decodes by its own means;
# and tshark reads every PDU of a run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# ref | kind | body (-: the whole default alphabet) | options | parts (0: any) | encoding
rows_of_texts() {
	local thousand
	thousand=$(printf 'Minden nap új kezdet, és a %03d. sor is. ' {1..40})
	cat <<-END
	plain|text|-||1|gsm7
	hungarian|text|Árvíztűrő tükörfúrógép, ÁRVÍZTŰRŐ TÜKÖRFÚRÓGÉP||1|ucs2
	turkish|text|Şişli'de ığdır çayı içtim, İstanbul'da güneş doğdu||1|ucs2
	turkish7|text|Şişli'de ığdır çayı içtim, İstanbul'da güneş doğdu. Şişli'de ığdır çayı içtim, İstanbul'da güneş doğdu|{"national": ["turkish"]}|1|gsm7 Turkish
	hindi|text|नमस्ते दुनिया, आप कैसे हैं?||1|ucs2
	hindi7|text|नमस्ते दुनिया, आप कैसे हैं? यह एक लंबा संदेश है जो एक भाग में नहीं समाता जब तक कि राष्ट्रीय तालिका न हो|{"national": ["hindi"]}|1|gsm7 Hindi locking
	arabic|text|مرحبا بالعالم، كيف حالك اليوم؟||1|ucs2
	chinese|text|你好，世界。今天天气怎么样？||1|ucs2
	emoji|text|😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩😘😗☺😚😙🥲😋😛😜🤪😝🤑🤗🤭🤫🤔🤐🤨😐😑😶😏😒🙄||2|ucs2
	family|text|a👨‍👩‍👧‍👦 👍🏽 🇭🇺 é||1|ucs2
	long|text|$(printf 'number %02d of a long text; ' {1..40})||7|gsm7
	escapes|text|$(printf '€[%d]{~}' {1..60})|{"max_parts": 20}|0|gsm7
	thousand|text|${thousand:0:1000}||15|ucs2
	wide16|text|$(printf 'sixteen bits of reference %d. ' {1..12})|{"concat": "udh16"}|3|gsm7
	sar|text|$(printf 'az összefűzés paraméterekkel: %d. ' {1..9})|{"concat": "sar"}|0|ucs2
	payload|text|$(printf 'egy darabban az egész ő %d. ' {1..30})|{"concat": "payload"}|1|ucs2
	flash|flash|Look up!||1|gsm7
	flashlong|flash|$(printf 'villanás ő %d. ' {1..10})||0|ucs2
	class2|text|to the card|{"class": 2}|1|gsm7
	latin1|text|Grüße à l'été|{"data_coding": 3}|1|binary
	wapsi|wap-push|Grüße, 世界|{"url": "http://www.example.com/x?a=1", "action": "signal-high"}|1|binary
	waplong|wap-push|$(printf 'a longer text for the push %d; ' {1..8})|{"url": "https://www.example.org/p"}|3|binary
	wapsl|wap-push||{"url": "https://example.net/y", "sl": true}|1|binary
	vcard|vcard|BEGIN:VCARD VERSION:2.1 N:Kovács;Ágnes TEL;CELL:+36201234567 END:VCARD||1|binary
	vcardlong|vcard|BEGIN:VCARD VERSION:2.1 $(printf 'NOTE:a note of some length, number %d ' {1..10})END:VCARD||4|binary
	vcalendar|vcalendar|BEGIN:VCALENDAR VERSION:1.0 END:VCALENDAR||1|binary
	waiting|waiting|You have messages|{"waiting": {"type": "voice", "count": 3}}|1|gsm7
	END
}

insert_texts() {
	local ref kind body options parts encoding n=0 rows=
	while IFS='|' read -r ref kind body options parts encoding; do
		[ "$body" != - ] || body="Hello @£\$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|e €"
		n=$((n + 1))
		rows+="${rows:+, }('$ref', '+362010000$(printf %02d $n)', '+36301234567', '$kind',
		       '${body//\'/\'\'}', $([ -z "$options" ] && echo NULL || echo "'$options'"))"
		echo "$ref|$parts|$encoding" >>"$DIR/expected"
	done < <(rows_of_texts)
	sql "INSERT INTO outbox (ref, recipient, sender, kind, body, options) VALUES $rows"
	sql "INSERT INTO outbox (ref, recipient, sender, kind, data, options) VALUES
	     ('octets', '+36201000090', '+36301234567', 'binary', $(hex_literal 00017F80FF0A0D1B), '{\"dest_port\": 5505}'),
	     ('manyoctets', '+36201000091', '+36301234567', 'binary',
	      $(hex_literal "$(printf '%02X' {0..255} {0..144})"), '{\"udh\": \"027000\"}')"
	sql "INSERT INTO outbox (ref, recipient, sender, kind, body) VALUES ('lines', '+36201000092',
	     '+36301234567', 'vcard', '"$'BEGIN:VCARD\r\nVERSION:2.1\r\nN:Kov\u00e1cs\r\nEND:VCARD\r\n'"')"
	printf 'octets|1|binary\nmanyoctets|4|binary\nlines|1|binary\n' >>"$DIR/expected"
}

hex_literal() {
	case $ENGINE in
	sqlite | mysql) echo "X'$1'" ;;
	pgsql) echo "'\\x$1'::bytea" ;;
	esac
}

all_back() { # COUNT
	await_sql 30 "$1" "SELECT count(*) FROM inbox WHERE missing = 0"
	await_statuses 20 "delivered=$1"
}

# What the rows say of themselves, and what came back, each against what was written.
compare_rows() {
	local ref parts encoding found
	sql "SELECT ref || '|' || parts || '|' || encoding FROM outbox" >"$DIR/found"
	while IFS='|' read -r ref parts encoding; do
		found=$(sed -n "s/^$ref|//p" "$DIR/found")
		[ "$parts" = 0 ] || expect "parts of $ref" "${found%%|*}" "$parts"
		expect "encoding of $ref" "${found#*|}" "$encoding"
	done <"$DIR/expected"
	local same="FROM outbox o JOIN inbox i ON i.sender = o.recipient"
	expect "pairs" "$(sql "SELECT count(*) $same")" "$(sql "SELECT count(*) FROM outbox")"
	expect "texts that are another" "$(sql "SELECT coalesce(min(o.ref), '') $same
		WHERE o.kind IN ('text', 'flash', 'vcard', 'vcalendar', 'waiting') AND o.body <> i.body
		  AND o.ref NOT LIKE 'latin1%'")" ""
	expect "octets that are others" "$(sql "SELECT coalesce(min(o.ref), '') $same
		WHERE o.kind = 'binary' AND (i.data <> o.data OR i.body IS NOT NULL)")" ""
	expect "kinds that are another" "$(sql "SELECT coalesce(min(o.ref), '') $same WHERE o.kind <> i.kind")" ""
	expect "parts that are another" "$(sql "SELECT coalesce(min(o.ref), '') $same WHERE o.parts <> i.parts")" ""
	expect "Latin-1" "$(sql "SELECT i.body $same WHERE o.ref = 'latin1'")" "Grüße à l'été"
	expect "an indication" "$(sql "SELECT i.body $same WHERE o.ref = 'wapsi'")" \
		"Grüße, 世界 <http://www.example.com/x?a=1>"
	expect "a long indication" "$(sql "SELECT i.body $same WHERE o.ref = 'waplong'")" \
		"$(sql "SELECT body FROM outbox WHERE ref = 'waplong'") <https://www.example.org/p>"
	expect "a loading" "$(sql "SELECT i.body $same WHERE o.ref = 'wapsl'")" https://example.net/y
	expect "ports" "$(sql "SELECT count(*) $same WHERE o.ref = 'octets' AND
		CAST(i.options AS text) LIKE '%5505%'")" 1
	expect "count of a waiting indication" "$(sql "SELECT count(*) $same WHERE o.ref = 'waiting' AND
		replace(CAST(i.options AS text), ' ', '') LIKE '%\"count\":3%'")" 1
}

every_text_comes_back_from_the_simulator_as_it_was_written() {
	sim_start sim --echo
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	gateway_up
	insert_texts
	all_back "$(wc -l <"$DIR/expected")"
	gateway_stop
	sim_stop sim
	compare_rows
	expect "inbound acknowledged" "$(sim_count sim inbound_acked)" "$(sim_count sim inbound_sent)"
}

# Whatever the package decodes is to be the text. It knows no national tables, and takes
# any data_coding with the bits of UCS-2 for that, 0xC8 of a waiting indication too.
compare_with_the_peers_reading() {
	sql "SELECT '{\"recipient\":\"' || ltrim(recipient, '+') || '\",\"hex\":\"' ||
		$([ "$ENGINE" = sqlite ] && echo "hex(body)" || echo "upper(encode(convert_to(body, 'UTF8'), 'hex'))") ||
		'\"}' FROM outbox WHERE kind IN ('text', 'flash', 'vcard', 'vcalendar')
		AND ref NOT LIKE '%7'" >"$DIR/ours.json"
	node -e 'const lines = (file) => require("fs").readFileSync(file, "utf8").trim().split("\n").map(JSON.parse);
		const peer = new Map(lines(process.argv[2]).map((m) => [m.destination, m]));
		let compared = 0;
		for (const row of lines(process.argv[1])) {
			const text = Buffer.from(row.hex, "hex").toString("utf8"), seen = peer.get(row.recipient);
			const read = seen.text !== undefined ? seen.text : Buffer.from(seen.data, "hex").toString("utf8");
			if (read !== text) throw new Error(`${row.recipient}: the peer reads ${read}, not ${text}`);
			compared++;
		}
		console.log(compared)' "$DIR/ours.json" "$DIR/peer.record" >"$DIR/compared" || fail "the peer read another text"
	expect_at_least "texts that the peer decoded" "$(cat "$DIR/compared")" 20
}

every_text_comes_back_from_a_foreign_centre_which_reads_the_same() {
	peer_start --echo --record "$DIR/peer.record"
	smpp_link main "${PORT[peer]}" | conf
	ctl init
	gateway_up
	insert_texts
	all_back "$(wc -l <"$DIR/expected")"
	gateway_stop
	kill -TERM "${PID[peer]}"
	await_gone 10 "${PID[peer]}"
	compare_rows
	compare_with_the_peers_reading
}

tshark_reads_every_pdu_and_header_as_it_was_meant() {
	sim_start sim --echo --record-json "$DIR/sim.json"
	smpp_link main "${PORT[sim]}" | conf
	ctl init
	capture_start sim
	gateway_up
	insert_texts
	all_back "$(wc -l <"$DIR/expected")"
	gateway_stop
	sim_stop sim
	capture_end
	tshark -r "$DIR/run.pcapng" -d "tcp.port==${PORT[sim]},smpp" -Y 'smpp.command_id == 4' -T pdml \
		2>"$DIR/tshark.log" | node tests/e2e/dissected.js "$DIR/sim.json" >"$DIR/compared"
	note "$(cat "$DIR/compared")"
}

on_all every_text_comes_back_from_the_simulator_as_it_was_written
on_one sqlite every_text_comes_back_from_a_foreign_centre_which_reads_the_same \
	tshark_reads_every_pdu_and_header_as_it_was_meant
finish
