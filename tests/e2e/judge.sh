# SPDX-License-Identifier: Apache-2.0
# judge.sh - what message centres recorded, against what the tables say; sourced by tests that
# kill things.
#
# The centres are centre1 to centre$run, and $centre is the last one; texts from handsets are "in
# CENTRE.NUMBER", of three parts when CENTRE is even. Every row has a recipient of its own.

receipts_are_over() {
	sim_report $centre
	[ "$(sim_count $centre receipts_acked)" = "$(sim_count $centre receipts_sent)" ]
}

accepted() { cat "$DIR"/centre*.record | awk 'NF == 4 && $3 ~ /\// { print $2, $3 }' | tr -d +; }

# Recipients of whole messages.
arrived() {
	accepted | awk '{ split($2, of, "/"); if (!(($1, of[2]) in seen)) { seen[$1, of[2]] = 1
		if (++parts[$1] == of[3]) print $1 } }' | sort
}

doubled() { accepted | awk '{ split($2, of, "/"); n += seen[$1, of[2]]++ > 0 } END { print n + 0 }'; }

recipients_that() { # CONDITION
	sql "SELECT ltrim(recipient, '+') FROM outbox WHERE $1" | sort
}

acked_receipts() { cat "$DIR"/centre*.record | awk '/^acked receipt / { print $3 }' | sort -u; }

# "RUN.NUMBER PARTS" of messages of which a part was acknowledged.
acked_inbound() {
	local i
	for ((i = 1; i <= run; i++)); do
		awk -v run=$i '/^acked inbound / { split($3, of, "/"); if (!seen[$3]++) parts[of[1]]++ }
			END { for (n in parts) print run "." n, parts[n] }' "$DIR/centre$i.record"
	done
}

# Of a long text (of 3 parts) that lacks one, what was acknowledged waits for the rest: unless that
# is here as well, and only its acknowledgement was lost.
judge_inbound() {
	local waiting
	acked_inbound | awk '{ split($1, of, "."); print ($2 == (of[1] % 2 ? 1 : 3) ? "whole" : "open"), $0 }' \
		>"$DIR/inbound.kept"
	awk '$1 == "whole" { print $2 }' "$DIR/inbound.kept" | sort >"$DIR/inbound.acked"
	sql 'SELECT body FROM inbox' | grep -o '^in [0-9.]*' | cut -c4- | sort -u >"$DIR/inbound.here"
	expect "inbound messages acknowledged and not in inbox" \
		"$(comm -23 "$DIR/inbound.acked" "$DIR/inbound.here" | wc -l)" 0
	waiting=$(sql 'SELECT count(*) FROM inbox_part p JOIN inbox_set s ON s.id = p.set_id WHERE s.letter IS NULL')
	expect_at_least "parts that wait for others" "$waiting" \
		"$(awk 'NR == FNR { here[$1]; next } $1 == "open" && !($2 in here) { n += $3 } END { print n + 0 }' \
			"$DIR/inbound.here" "$DIR/inbound.kept")"
}

judge_receipts() {
	acked_receipts >"$DIR/receipts.acked"
	sql 'SELECT DISTINCT message_id FROM receipt' | sort >"$DIR/receipts.here"
	expect "receipts acknowledged and not in the table" \
		"$(comm -23 "$DIR/receipts.acked" "$DIR/receipts.here" | wc -l)" 0
	expect "rows that their receipt says more of" "$(sql "SELECT count(*) FROM outbox o JOIN receipt c
		ON c.outbox_id = o.id WHERE o.status = 'sent' AND length(o.body) < 160")" 0
}
