-- SPDX-License-Identifier: Apache-2.0
-- statements.sql - every statement of the gateway in SQLite's dialect.
--
-- `-- :NAME` begins a statement; its parameters and rows are listed in engine.h.
-- Shape MANY is stepped once for each row. Several with ; between run one after the other
-- with the same parameters, in one transaction.
--
-- ?30 is the time, as strftime('%Y-%m-%d %H:%M:%f', 'now') gives it: asked for once for all
-- rows, since writing it takes as long as a tenth of a row's UPDATE. By hand:
--   .parameter set ?30 "strftime('%Y-%m-%d %H:%M:%f', 'now')"

-- :TABLES
SELECT name FROM sqlite_master
 WHERE type = 'table' AND name IN ('smsqld_schema', 'outbox', 'outbox_part', 'inbox', 'inbox_set',
                                   'inbox_part', 'receipt', 'command', 'ussd', 'gateway', 'link')
 ORDER BY name

-- :VERSION
SELECT max(version) FROM smsqld_schema

-- :GATEWAY_READ
SELECT epoch, state = 'running' AND alive_until > strftime('%Y-%m-%d %H:%M:%f', 'now'), host, pid,
       CAST((julianday(alive_until) - julianday('now')) * 86400000 AS INTEGER)
  FROM gateway WHERE name = ?1

-- Compare and swap: only from the epoch that was read.
-- :GATEWAY_ENTER
INSERT INTO gateway (name, epoch, state, alive_until, started_at, version, host, pid)
VALUES (?1, ?3, 'running', strftime('%Y-%m-%d %H:%M:%f', 'now', (?4 / 1000.0) || ' seconds'),
        strftime('%Y-%m-%d %H:%M:%f', 'now'), ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE
   SET epoch = excluded.epoch, state = excluded.state, alive_until = excluded.alive_until,
       started_at = excluded.started_at, version = excluded.version, host = excluded.host,
       pid = excluded.pid
 WHERE gateway.epoch = ?2

-- Also when it had ended, as long as nobody has buried it: BURY and its RECOVER are one transaction.
-- :GATEWAY_BEAT
UPDATE gateway SET alive_until = strftime('%Y-%m-%d %H:%M:%f', 'now', (?3 / 1000.0) || ' seconds')
 WHERE name = ?1 AND epoch = ?2 AND state = 'running'

-- :GATEWAY_LEAVE
UPDATE gateway SET state = 'stopped', alive_until = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE name = ?1 AND epoch = ?2

-- :GATEWAY_DEAD
SELECT name, epoch FROM gateway
 WHERE state = 'running' AND alive_until < strftime('%Y-%m-%d %H:%M:%f', 'now')

-- :GATEWAY_BURY
UPDATE gateway SET state = 'dead'
 WHERE name = ?1 AND epoch = ?2 AND state = 'running'
   AND alive_until < strftime('%Y-%m-%d %H:%M:%f', 'now')

-- Rows of a gateway that is gone: back to the queue, or in doubt. A turn of a dialogue is never
-- sent again.
-- :RECOVER
UPDATE outbox
   SET queue = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, ?2) = 'resend' THEN 0 ELSE 2 END,
       status = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, ?2) = 'resend' THEN 'queued' ELSE 'doubtful' END,
       owner = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, ?2) = 'resend' THEN NULL ELSE owner END,
       claim = NULL, error_text = ?3
 WHERE queue = 1 AND owner = ?1

-- Each priority is a range of its own in the index, so that rows scheduled for
-- later are never walked over, and an idle claim is ten probes. CROSS JOIN is what
-- keeps the order: SQLite walks the left table outside and the index inside, so the
-- LIMIT takes the best rows without sorting all that are ready. A row that the
-- application took back (status alone was changed) or that has expired leaves the
-- queue here. picked is a temporary table of the connection, (id INTEGER PRIMARY KEY): with
-- RETURNING each row would be read and copied twice more.
-- :CLAIM
DELETE FROM picked;
WITH level (n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))
INSERT INTO picked (id)
SELECT o.id FROM level CROSS JOIN outbox o
 WHERE o.queue = 0 AND o.route = ?3 AND o.priority = level.n AND o.send_after <= ?30
 LIMIT ?4;
UPDATE outbox
   SET queue = CASE WHEN status <> 'queued' OR expires_at <= ?30 THEN 2 ELSE 1 END,
       status = CASE WHEN status <> 'queued' THEN status
                     WHEN expires_at <= ?30 THEN 'expired'
                     ELSE 'sending' END,
       error_text = CASE WHEN status = 'queued' AND expires_at <= ?30
                         THEN 'expired before it was sent' ELSE error_text END,
       done_at = CASE WHEN status = 'cancelled' OR (status = 'queued' AND expires_at <= ?30)
                      THEN ?30 ELSE done_at END,
       owner = ?1, claim = ?2, attempts = attempts + (status = 'queued'), lane = NULL,
       claimed_at = ?30
 WHERE id IN (SELECT id FROM picked);
SELECT o.id, priority, CAST(round((julianday(send_after) - 2440587.5) * 86400000) AS INTEGER),
       status, route, coalesce(link, ''), sender, recipient, kind, body, data, options, receipt,
       in_doubt, attempts, CAST(strftime('%s', expires_at) AS INTEGER),
       CASE WHEN attempts > 1 AND parts > 1 THEN
            (SELECT group_concat(p.part || ':' || p.digest) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM picked CROSS JOIN outbox o ON o.id = picked.id

-- :CLAIM_PARKED
DELETE FROM picked;
WITH level (n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))
INSERT INTO picked (id)
SELECT o.id FROM level CROSS JOIN outbox o
 WHERE o.queue = 3 AND o.lane = ?3 AND o.priority = level.n AND o.send_after <= ?30
 LIMIT ?4;
UPDATE outbox
   SET queue = CASE WHEN status <> 'queued' OR expires_at <= ?30 THEN 2 ELSE 1 END,
       status = CASE WHEN status <> 'queued' THEN status
                     WHEN expires_at <= ?30 THEN 'expired'
                     ELSE 'sending' END,
       error_text = CASE WHEN status = 'queued' AND expires_at <= ?30
                         THEN 'expired before it was sent' ELSE error_text END,
       done_at = CASE WHEN status = 'cancelled' OR (status = 'queued' AND expires_at <= ?30)
                      THEN ?30 ELSE done_at END,
       owner = ?1, claim = ?2, attempts = attempts + (status = 'queued'), lane = NULL,
       claimed_at = ?30
 WHERE id IN (SELECT id FROM picked);
SELECT o.id, priority, CAST(round((julianday(send_after) - 2440587.5) * 86400000) AS INTEGER),
       status, route, coalesce(link, ''), sender, recipient, kind, body, data, options, receipt,
       in_doubt, attempts, CAST(strftime('%s', expires_at) AS INTEGER),
       CASE WHEN attempts > 1 AND parts > 1 THEN
            (SELECT group_concat(p.part || ':' || p.digest) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM picked CROSS JOIN outbox o ON o.id = picked.id

-- :CLAIM_READ
SELECT id, priority, CAST(round((julianday(send_after) - 2440587.5) * 86400000) AS INTEGER),
       status, route, coalesce(link, ''), sender, recipient, kind, body, data, options, receipt,
       in_doubt, attempts, CAST(strftime('%s', expires_at) AS INTEGER),
       CASE WHEN attempts > 1 AND parts > 1 THEN
            (SELECT group_concat(p.part || ':' || p.digest) FROM outbox_part p
              WHERE p.outbox_id = outbox.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox WHERE queue = 1 AND owner = ?1 AND (?2 IS NULL OR claim = ?2)

-- Rows that were put in doubt before their journal was read.
-- :CLAIM_DOUBTED
SELECT id, priority, CAST(round((julianday(send_after) - 2440587.5) * 86400000) AS INTEGER),
       'sending', route, coalesce(link, ''), sender, recipient, kind, body, data, options, receipt,
       in_doubt, attempts, CAST(strftime('%s', expires_at) AS INTEGER),
       CASE WHEN attempts > 1 AND parts > 1 THEN
            (SELECT group_concat(p.part || ':' || p.digest) FROM outbox_part p
              WHERE p.outbox_id = outbox.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox WHERE id = ?1 AND owner = ?2 AND status = 'doubtful'

-- Only what this owner still holds.
-- :SETTLE
UPDATE outbox
   SET status = ?3, queue = ?4, lane = nullif(?5, ''),
       send_after = CASE WHEN ?6 > 0
                         THEN strftime('%Y-%m-%d %H:%M:%f', 'now', (?6 / 1000.0) || ' seconds')
                         ELSE send_after END,
       attempts = attempts - ?7,
       link_used = coalesce(nullif(?8, ''), link_used), parts = coalesce(nullif(?9, 0), parts),
       encoding = coalesce(nullif(?13, ''), encoding),
       message_id = coalesce(nullif(?10, ''), message_id),
       error_code = nullif(?11, 0), error_text = nullif(?12, ''),
       sent_at = CASE WHEN ?3 = 'sent' THEN ?30 ELSE sent_at END,
       done_at = CASE WHEN ?3 IN ('failed', 'expired')
                      THEN ?30 ELSE done_at END,
       owner = CASE WHEN ?4 IN (0, 3) THEN NULL ELSE owner END
 WHERE id = ?1 AND owner = ?2 AND (queue = 1 OR status = 'doubtful')

-- A part that the network has stays, unless it is cut anew and another one.
-- :PART_PUT
INSERT INTO outbox_part (outbox_id, part, link, message_id, status, error_code, error_text, digest, recipient)
VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0), nullif(?7, ''), ?8, ?9)
ON CONFLICT (outbox_id, part, recipient) DO UPDATE
   SET link = excluded.link, message_id = excluded.message_id, status = excluded.status,
       error_code = excluded.error_code, error_text = excluded.error_text,
       digest = excluded.digest
 WHERE outbox_part.digest <> excluded.digest
    OR (outbox_part.status NOT IN ('sent', 'delivered')
   AND NOT (outbox_part.status = 'undelivered' AND outbox_part.message_id = excluded.message_id))

-- Receipts that came before the message's own id was known.
-- :OVERTAKEN
SELECT id, link, message_id, recipient, status, word, coalesce(error_code, 0),
       coalesce(error_text, ''),
       CAST(round((julianday(done_at) - 2440587.5) * 86400000) AS INTEGER), other_ids
  FROM receipt
 WHERE link = ?1 AND ltrim(lower(message_id), '0') = ?2 AND outbox_id IS NULL
 ORDER BY id

-- Forward only: what is final stays, but for undelivered that becomes delivered. A
-- recipient, digits, has to agree in its last seven; '' asks for none.
-- :CONFIRM
UPDATE outbox
   SET status = ?5, error_code = nullif(?6, 0), error_text = nullif(?7, ''),
       done_at = CASE ?5 WHEN 'sent' THEN done_at ELSE ?30 END
 WHERE (status IN ('sent', 'doubtful') OR (status = 'undelivered' AND ?5 = 'delivered'))
   AND id = (SELECT o.id FROM outbox o
              WHERE o.link_used = ?2 AND ltrim(lower(o.message_id), '0') = ?3
                AND o.message_id IS NOT NULL AND coalesce(o.parts, 1) = 1
                AND (?4 = '' OR substr(replace(replace(replace(replace(replace(replace(replace(
                         o.recipient, ' ', ''), '-', ''), '.', ''), '/', ''), '(', ''), ')', ''), '+', ''),
                         -7) = substr(?4, -7))
              ORDER BY o.id DESC LIMIT 1);
SELECT ?1, o.id FROM outbox o
 WHERE o.link_used = ?2 AND ltrim(lower(o.message_id), '0') = ?3
   AND o.message_id IS NOT NULL AND coalesce(o.parts, 1) = 1
   AND (?4 = '' OR substr(replace(replace(replace(replace(replace(replace(replace(
            o.recipient, ' ', ''), '-', ''), '.', ''), '/', ''), '(', ''), ')', ''), '+', ''),
            -7) = substr(?4, -7))
 ORDER BY o.id DESC LIMIT 1

-- Of one message to several the id is that of all: which of them is told by the number that
-- the receipt is from, ?8, as nearly as it agrees.
-- :CONFIRM_PART
UPDATE outbox_part
   SET status = CASE WHEN status IN ('sent', 'doubtful') OR (status = 'undelivered' AND ?5 = 'delivered')
                     THEN ?5 ELSE status END,
       error_code = CASE WHEN status IN ('sent', 'doubtful') OR (status = 'undelivered' AND ?5 = 'delivered')
                         THEN nullif(?6, 0) ELSE error_code END,
       error_text = CASE WHEN status IN ('sent', 'doubtful') OR (status = 'undelivered' AND ?5 = 'delivered')
                         THEN nullif(?7, '') ELSE error_text END
 WHERE (outbox_id, part, recipient) =
       (SELECT f.outbox_id, f.part, f.recipient
          FROM (SELECT p.outbox_id, p.part, p.recipient,
                       replace(replace(replace(replace(replace(replace(replace(
                       CASE p.recipient WHEN '' THEN o.recipient ELSE p.recipient END, ' ', ''), '-', ''),
                       '.', ''), '/', ''), '(', ''), ')', ''), '+', '') AS digits
                  FROM outbox_part p JOIN outbox o ON o.id = p.outbox_id
                 WHERE p.link = ?2 AND ltrim(lower(p.message_id), '0') = ?3 AND p.message_id <> '') AS f
         WHERE CASE f.recipient WHEN '' THEN ?4 = '' OR substr(f.digits, -7) = substr(?4, -7)
                                ELSE substr(f.digits, -7) = substr(?8, -7) END
         ORDER BY f.outbox_id DESC, f.digits = ?8 DESC, substr(f.digits, -9) = substr(?8, -9) DESC LIMIT 1)
RETURNING ?1, outbox_id

-- One writes at a time.
-- :FOLD_LOCK
SELECT id FROM outbox WHERE id = ?1

-- A message of several parts is what its parts are, once all are final. (min(): the
-- code and text beside it are those of the first part that was not delivered.) So is one
-- to several recipients, some of which may have been refused.
-- :FOLD
UPDATE outbox
   SET status = whole.word,
       error_code = CASE whole.word WHEN 'undelivered' THEN whole.code END,
       error_text = CASE WHEN whole.word <> 'undelivered' THEN NULL
                         WHEN whole.recipients > 1 THEN whole.missed || ' of ' || whole.recipients ||
                              ' recipients not reached: see outbox_part'
                         ELSE whole.text END,
       done_at = ?30
  FROM (SELECT count(*) AS n,
               CASE WHEN sum(p.status = 'delivered') = count(*) THEN 'delivered'
                    WHEN sum(p.status IN ('delivered', 'undelivered')
                             OR (p.status = 'failed' AND p.recipient <> '')) = count(*) THEN 'undelivered'
               END AS word,
               count(DISTINCT p.recipient) AS recipients,
               count(DISTINCT CASE WHEN p.status <> 'delivered' THEN p.recipient END) AS missed,
               min(CASE p.status WHEN 'undelivered' THEN p.part END) AS part,
               p.error_code AS code, p.error_text AS text
          FROM outbox o JOIN outbox_part p ON p.outbox_id = o.id AND p.part <= o.parts /
               max(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q WHERE q.outbox_id = o.id))
         WHERE o.id = ?1) AS whole
 WHERE id = ?1 AND parts = whole.n AND whole.word IS NOT NULL
   AND (status IN ('sent', 'doubtful') OR (status = 'undelivered' AND whole.word = 'delivered'))

-- What the network said too late of a message of one part. A row in doubt is settled; one
-- that waits to be sent again has arrived already.
-- :LATE
UPDATE outbox
   SET status = ?7, queue = CASE ?7 WHEN 'queued' THEN 0 ELSE 2 END,
       owner = CASE ?7 WHEN 'queued' THEN NULL ELSE owner END, lane = NULL,
       message_id = coalesce(nullif(?6, ''), message_id),
       error_code = nullif(?8, 0), error_text = nullif(?9, ''),
       sent_at = CASE ?7 WHEN 'sent' THEN ?30 ELSE sent_at END,
       done_at = CASE ?7 WHEN 'failed' THEN ?30 ELSE done_at END
 WHERE id = ?1 AND ?5 = 1 AND link_used = ?2 AND attempts = ?3
   AND (status = 'doubtful' OR (status = 'queued' AND queue IN (0, 3) AND ?7 = 'sent'))

-- The same of a part of several; LATE_FOLD then looks at the whole.
-- :LATE_PART
UPDATE outbox_part
   SET status = ?7, message_id = coalesce(nullif(?6, ''), message_id),
       error_code = nullif(?8, 0), error_text = nullif(?9, '')
 WHERE outbox_id = ?1 AND part = ?4 AND link = ?2 AND ?5 > 1
   AND (SELECT attempts FROM outbox WHERE id = ?1) = ?3
   AND (status = 'doubtful' OR (status = 'queued' AND ?7 = 'sent'))

-- A row in doubt none of whose parts is any more.
-- :LATE_FOLD
UPDATE outbox
   SET status = whole.word, queue = CASE whole.word WHEN 'queued' THEN 0 ELSE 2 END,
       owner = CASE whole.word WHEN 'queued' THEN NULL ELSE owner END,
       error_code = CASE whole.word WHEN 'sent' THEN NULL ELSE error_code END,
       error_text = CASE whole.word WHEN 'sent' THEN NULL ELSE error_text END,
       sent_at = CASE whole.word WHEN 'sent' THEN ?30 ELSE sent_at END,
       done_at = CASE whole.word WHEN 'failed' THEN ?30 ELSE done_at END
  FROM (SELECT count(*) AS n,
               CASE WHEN sum(p.status = 'doubtful') > 0 THEN NULL
                    WHEN sum(p.status = 'failed' AND p.recipient = '') > 0
                      OR sum(p.status = 'failed') = count(*) THEN 'failed'
                    WHEN sum(p.status = 'queued') > 0 THEN 'queued' ELSE 'sent' END AS word
          FROM outbox o JOIN outbox_part p ON p.outbox_id = o.id AND p.part <= o.parts /
               max(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q WHERE q.outbox_id = o.id))
         WHERE o.id = ?1) AS whole
 WHERE id = ?1 AND status = 'doubtful' AND parts = whole.n AND whole.word IS NOT NULL

-- Other links of the same account: a receipt may have come in on another one than its
-- message went out by.
-- :SIBLINGS
SELECT DISTINCT m.name, s.name
  FROM link m JOIN link s ON s.account = m.account AND s.name <> m.name
 WHERE m.name = ?1 AND m.account <> ''
 ORDER BY 2

-- :RECEIPT_PUT
INSERT INTO receipt (received_at, link, message_id, recipient, status, word, error_code, error_text, done_at,
                     outbox_id, other_ids)
VALUES (?30, ?1, ?2, ?3, ?4, ?5, nullif(?6, 0), nullif(?7, ''),
        strftime('%Y-%m-%d %H:%M:%f', ?8 / 1000.0, 'unixepoch'), ?9, ?10)

-- :RECEIPT_MATCHED
UPDATE receipt SET outbox_id = ?2 WHERE id = ?1

-- A walk, oldest first, from behind the receipt that was the last one of the call before.
-- :RECEIPT_OPEN
SELECT id, link, message_id, recipient, status, word, coalesce(error_code, 0),
       coalesce(error_text, ''),
       CAST(round((julianday(done_at) - 2440587.5) * 86400000) AS INTEGER), other_ids,
       CAST(round((julianday(received_at) - 2440587.5) * 86400000) AS INTEGER)
  FROM receipt
 WHERE outbox_id IS NULL
   AND received_at >= max(strftime('%Y-%m-%d %H:%M:%f', 'now', -?2 || ' seconds'),
                          strftime('%Y-%m-%d %H:%M:%f', ?3 / 1000.0, 'unixepoch'))
   AND (received_at > strftime('%Y-%m-%d %H:%M:%f', ?3 / 1000.0, 'unixepoch') OR id > ?4)
 ORDER BY received_at, id LIMIT ?1

-- :INBOX_PUT
INSERT INTO inbox (arrival, link, sender, recipient, kind, body, data, udh, encoding, options, parts,
                   missing, network_time, received_at, outbox_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
        strftime('%Y-%m-%d %H:%M:%f', ?13 / 1000.0, 'unixepoch'),
        coalesce(strftime('%Y-%m-%d %H:%M:%f', ?14 / 1000.0, 'unixepoch'),
                 ?30), ?15)
ON CONFLICT (arrival) DO NOTHING

-- Which of these parts are stored already.
-- :JOIN_KNOWN
SELECT ?1 FROM inbox_part WHERE arrival = ?2

-- The open sets of these keys, made when there is none.
-- :JOIN_OPEN
INSERT INTO inbox_set (link, sender, recipient, wide, ref, parts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (link, sender, recipient, wide, ref, parts) WHERE letter IS NULL
   DO UPDATE SET last_at = ?30
RETURNING id, link, sender, recipient, wide, ref, parts

-- :JOIN_READ
SELECT s.id, p.part, p.arrival, s.link, s.sender, s.recipient, s.wide, s.ref, s.parts, p.charset,
       p.data_coding, p.protocol_id, p.octets, p.udh, p.options, p.received_at, p.network_at
  FROM inbox_set s JOIN inbox_part p ON p.set_id = s.id
 WHERE s.id = ?1 ORDER BY p.part

-- :JOIN_PUT
INSERT INTO inbox_part (set_id, part, arrival, charset, data_coding, protocol_id, octets, udh, options,
                        received_at, network_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT DO NOTHING

-- :JOIN_CLOSE
UPDATE inbox_set SET letter = ?2, last_at = ?30
 WHERE id = ?1 AND letter IS NULL

-- A whole set that says what an earlier one of its key said.
-- :JOIN_REPEATS
UPDATE inbox
   SET dup_of = (SELECT min(b.id)
                   FROM inbox_set s CROSS JOIN inbox_set o CROSS JOIN inbox b
                  WHERE s.id = ?1 AND o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
                    AND o.letter IS NOT NULL AND o.id < s.id AND b.arrival = o.letter
                    AND b.id < inbox.id AND b.body IS inbox.body AND b.data IS inbox.data)
 WHERE arrival = ?2

-- Sets that hold nothing but repeats of parts of an earlier one, with its letter.
-- :JOIN_ECHO
SELECT s.id, o.letter
  FROM inbox_set s CROSS JOIN inbox_set o
 WHERE s.id = ?1 AND o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
   AND o.letter IS NOT NULL AND o.id < s.id AND NOT EXISTS (
       SELECT 1 FROM inbox_part p
        WHERE p.set_id = s.id AND NOT EXISTS (
              SELECT 1 FROM inbox_part q
               WHERE q.set_id = o.id AND q.part = p.part AND q.octets IS p.octets))
 ORDER BY o.id LIMIT 1

-- Open sets that waited long enough, and the oldest of those that are too many.
-- :JOIN_OVERDUE
SELECT s.id
  FROM (SELECT id, last_at, opened_at,
               row_number() OVER (PARTITION BY link ORDER BY last_at DESC, id DESC) AS of_link,
               row_number() OVER (PARTITION BY link, sender ORDER BY last_at DESC, id DESC) AS of_sender
          FROM inbox_set WHERE letter IS NULL) AS s
 WHERE s.last_at < strftime('%Y-%m-%d %H:%M:%f', 'now', (-?1) || ' seconds')
    OR s.opened_at < strftime('%Y-%m-%d %H:%M:%f', 'now', (-?2) || ' seconds')
    OR s.of_link > ?3 OR s.of_sender > ?4
 LIMIT ?5

-- Closed sets that nobody will repeat any more.
-- :JOIN_FORGET
DELETE FROM inbox_set
 WHERE id IN (SELECT id FROM inbox_set
               WHERE letter IS NOT NULL
                 AND last_at < strftime('%Y-%m-%d %H:%M:%f', 'now', (-?1) || ' seconds')
               LIMIT ?2)
RETURNING id

-- :JOIN_DROP
DELETE FROM inbox_part WHERE set_id = ?1

-- Is anything asked of the network? All that an idle gateway asks of table command.
-- :COMMAND_ANY
SELECT id FROM command WHERE status = 'asked' ORDER BY id LIMIT 1

-- What can be asked now, or never: those for links that are up here, or of which nobody
-- knows; and the message, as it was sent. One that is being sent is waited for.
-- :COMMAND_LOOK
SELECT c.id, c.what, c.attempts, coalesce(c.outbox_id, 0), coalesce(c.link, ''),
       coalesce(c.message_id, ''), c.sender, c.recipient, c.body, c.options,
       coalesce(c.error_text, ''),
       (SELECT count(*) FROM link k WHERE k.name = coalesce(o.link_used, c.link)),
       o.id IS NOT NULL, coalesce(o.status, ''), coalesce(o.queue, 2), coalesce(o.link_used, ''),
       coalesce(o.message_id, ''), o.sender, o.recipient, o.kind, o.options,
       coalesce(o.receipt, 1), coalesce(o.parts, 1), o.encoding
  FROM command c LEFT JOIN outbox o ON o.id = c.outbox_id
 WHERE c.status = 'asked' AND (o.id IS NULL OR o.status <> 'sending')
   AND (NOT EXISTS (SELECT 1 FROM link k WHERE k.name = coalesce(o.link_used, c.link))
        OR EXISTS (SELECT 1 FROM link k WHERE k.gateway = ?1 AND k.state IN ('up', 'resting')
                                          AND k.name = coalesce(o.link_used, c.link)))
 ORDER BY c.id LIMIT ?2

-- The network's ids of messages in parts, but for what it refused.
-- :COMMAND_IDS
SELECT ?1, part, message_id FROM outbox_part
 WHERE outbox_id = ?2 AND NOT (status = 'failed' AND message_id = '')
 ORDER BY part

-- :COMMAND_TAKE
UPDATE command
   SET status = 'sending', owner = ?2, claimed_at = strftime('%Y-%m-%d %H:%M:%f', 'now'),
       attempts = attempts + 1
 WHERE id = ?1 AND status = 'asked'

-- Only what this owner still holds.
-- :COMMAND_SETTLE
UPDATE command
   SET status = ?3, owner = CASE ?3 WHEN 'asked' THEN NULL ELSE owner END,
       attempts = attempts - ?8, answer = nullif(?4, ''),
       answer_at = strftime('%Y-%m-%d %H:%M:%f', ?5 / 1000.0, 'unixepoch'),
       error_code = nullif(?6, 0), error_text = nullif(?7, ''),
       done_at = CASE ?3 WHEN 'asked' THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%f', 'now') END
 WHERE id = ?1 AND status = 'sending' AND owner = ?2

-- What the network did to a message of outbox. A receipt may have told already that it
-- deleted what it was asked to cancel; other final states stay.
-- :COMMAND_APPLY
UPDATE outbox
   SET body = CASE c.what WHEN 'replace' THEN c.body ELSE outbox.body END,
       status = CASE c.what WHEN 'cancel' THEN 'cancelled' ELSE outbox.status END,
       done_at = CASE c.what WHEN 'cancel' THEN strftime('%Y-%m-%d %H:%M:%f', 'now')
                             ELSE outbox.done_at END
  FROM (SELECT * FROM command WHERE id = ?1) AS c
 WHERE outbox.id = c.outbox_id AND c.status = 'done'
   AND (c.what = 'replace' OR (c.what = 'cancel' AND (outbox.status IN ('sent', 'doubtful')
        OR (outbox.status = 'undelivered' AND outbox.done_at >= c.claimed_at))))

-- Commands of a gateway that is gone: asking again does no harm.
-- :COMMAND_RECOVER
UPDATE command SET status = 'asked', owner = NULL WHERE status = 'sending' AND owner = ?1

-- The dialogue of a handset: open before ended, that of the session before a push without
-- one, and then the last. A handset is found with or without its +. same: the handset's last
-- text is that of the arrival; seen: this turn is in it already; passed: the handset has
-- said something since the outbox row was claimed. A confirmation may name the dialogue of a notice that had no number.
-- :USSD_READ
SELECT u.id, u.status = 'open', u.session, u.last_op, u.sequence, u.reply IS NOT NULL,
       CAST((julianday('now') - julianday(u.opened_at)) * 86400 AS INTEGER),
       CAST((julianday('now') - julianday(u.last_at)) * 86400 AS INTEGER),
       EXISTS (SELECT 1 FROM inbox a CROSS JOIN inbox b
                WHERE a.arrival = ?4 AND b.id = u.inbox_id AND a.body IS b.body),
       coalesce(u.inbox_id >= (SELECT a.id FROM inbox a WHERE a.arrival = ?4), 0),
       coalesce(u.outbox_id = ?5, 0),
       coalesce(u.last_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = ?5), 0)
  FROM ussd u
 WHERE u.link = ?1 AND u.msisdn IN (?2, '+' || ?2)
   AND (u.session = ?3
        OR (?6 = 1 AND u.session = -1 AND u.last_op IN ('notify', 'confirm'))
        OR (u.status = 'open'
            AND (u.session = -1
                 OR (?3 = -1 AND u.opened_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = ?5)))))
 ORDER BY coalesce(u.outbox_id = ?5, 0) DESC, (u.status = 'open' AND u.session = ?3) DESC,
          u.status = 'open' DESC, u.id DESC
 LIMIT 1

-- :USSD_OPEN
INSERT INTO ussd (link, msisdn, code, session, sequence, last_op, reply, inbox_id, outbox_id, turns)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM inbox WHERE arrival = ?8), ?9, 1)
ON CONFLICT (link, msisdn, session) WHERE status = 'open' DO NOTHING

-- The handset's. One that is over stays over.
-- :USSD_TURN
UPDATE ussd
   SET session = ?2, sequence = ?3, last_op = ?4, turns = turns + 1,
       reply = CASE status WHEN 'open' THEN ?5 END,
       inbox_id = (SELECT id FROM inbox WHERE arrival = ?6),
       code = CASE code WHEN '' THEN ?7 ELSE code END,
       last_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE id = ?1

-- Ours. When the answer has overtaken it, the dialogue is further than that.
-- :USSD_OURS
UPDATE ussd
   SET outbox_id = ?2, turns = turns + 1, last_op = CASE ?4 WHEN 0 THEN ?3 ELSE last_op END,
       reply = CASE ?4 WHEN 0 THEN NULL ELSE reply END,
       last_at = CASE ?4 WHEN 0 THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE last_at END
 WHERE id = ?1

-- :USSD_END
UPDATE ussd
   SET status = 'ended', reply = NULL, reason = ?2, ended_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE id = ?1 AND status = 'open'

-- :USSD_REPEAT
UPDATE inbox SET dup_of = (SELECT u.inbox_id FROM ussd u WHERE u.id = ?2) WHERE arrival = ?1

-- :USSD_QUIET
UPDATE ussd
   SET status = 'ended', reply = NULL, reason = ?2, ended_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE status = 'open' AND last_at < strftime('%Y-%m-%d %H:%M:%f', 'now', (-?1) || ' seconds')

-- Rows whose time is over on lanes that nobody claims from.
-- :EXPIRE
UPDATE outbox
   SET queue = 2, status = 'expired', done_at = strftime('%Y-%m-%d %H:%M:%f', 'now'),
       error_text = 'expired before it was sent'
 WHERE id IN (SELECT id FROM outbox
               WHERE queue IN (0, 3) AND expires_at IS NOT NULL
                 AND expires_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') AND status = 'queued'
               LIMIT ?1)

-- There are no ranges of outbox here.
-- :PARTITION_NEXT
SELECT ?1, ?1, ?1 FROM smsqld_schema WHERE 1 = 0

-- :PARTITION_AHEAD
SELECT ?1, ?1 FROM smsqld_schema WHERE 1 = 0

-- :PARTITION_LOOK
SELECT ?1, ?2, ?3, ?4 FROM smsqld_schema WHERE 1 = 0 AND ?5 IS NULL

-- :PARTITION_TAKE_OUT
SELECT ?1 FROM smsqld_schema WHERE 1 = 0

-- :PARTITION_PUT_BACK
SELECT ?1 FROM smsqld_schema WHERE 1 = 0

-- :PARTITION_REFS
SELECT ?1 FROM smsqld_schema WHERE 1 = 0 AND ?2 IS NULL

-- :PARTITION_DROP
SELECT ?1 FROM smsqld_schema WHERE 1 = 0

-- What is kept and what goes. KEEP_... looks at the next rows by id, no more than max behind `after`, and
-- deletes those that have ended and are older than keep_s seconds: last is the last id that it has looked
-- at, seen how many, young how many of them are younger than that anyway, gone how many it has
-- deleted, or would have, when dry is 1.
-- :KEEP_TURN
SELECT 1

-- :KEEP_OVER
SELECT 1

-- What was sent and never confirmed, though a receipt was wanted, goes unconfirmed_s after it was sent
-- (0: never).
-- :KEEP_OUTBOX
DELETE FROM picked;
INSERT INTO picked (id)
SELECT id FROM (SELECT * FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2)
 WHERE queue = 2
   AND CASE WHEN status IN ('delivered', 'undelivered', 'failed', 'expired', 'cancelled')
            THEN coalesce(done_at, created_at) < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')
            WHEN status = 'sent' AND receipt = 0 THEN sent_at < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')
            WHEN status = 'sent' AND ?5 > 0
            THEN sent_at < strftime('%Y-%m-%d %H:%M:%f', ?30, (-max(?4, ?5)) || ' seconds') END;
SELECT coalesce(max(id), 0), count(*), coalesce(sum(born >= strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')), 0), (SELECT count(*) FROM picked)
  FROM (SELECT id, created_at AS born FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2);
DELETE FROM outbox_part WHERE ?3 = 0 AND outbox_id IN (SELECT id FROM picked);
DELETE FROM outbox WHERE ?3 = 0 AND id IN (SELECT id FROM picked)

-- What the application has taken.
-- :KEEP_INBOX
DELETE FROM picked;
INSERT INTO picked (id)
SELECT id FROM (SELECT * FROM inbox WHERE id > ?1 ORDER BY id LIMIT ?2)
 WHERE taken_at < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds');
SELECT coalesce(max(id), 0), count(*), coalesce(sum(born >= strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')), 0), (SELECT count(*) FROM picked)
  FROM (SELECT id, received_at AS born FROM inbox WHERE id > ?1 ORDER BY id LIMIT ?2);
DELETE FROM inbox WHERE ?3 = 0 AND id IN (SELECT id FROM picked)

-- :KEEP_RECEIPT
DELETE FROM picked;
INSERT INTO picked (id)
SELECT id FROM (SELECT * FROM receipt WHERE id > ?1 ORDER BY id LIMIT ?2)
 WHERE received_at < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds');
SELECT coalesce(max(id), 0), count(*), coalesce(sum(born >= strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')), 0), (SELECT count(*) FROM picked)
  FROM (SELECT id, received_at AS born FROM receipt WHERE id > ?1 ORDER BY id LIMIT ?2);
DELETE FROM receipt WHERE ?3 = 0 AND id IN (SELECT id FROM picked)

-- :KEEP_COMMAND
DELETE FROM picked;
INSERT INTO picked (id)
SELECT id FROM (SELECT * FROM command WHERE id > ?1 ORDER BY id LIMIT ?2)
 WHERE status IN ('done', 'refused', 'failed')
   AND coalesce(done_at, created_at) < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds');
SELECT coalesce(max(id), 0), count(*), coalesce(sum(born >= strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')), 0), (SELECT count(*) FROM picked)
  FROM (SELECT id, created_at AS born FROM command WHERE id > ?1 ORDER BY id LIMIT ?2);
DELETE FROM command WHERE ?3 = 0 AND id IN (SELECT id FROM picked)

-- :KEEP_USSD
DELETE FROM picked;
INSERT INTO picked (id)
SELECT id FROM (SELECT * FROM ussd WHERE id > ?1 ORDER BY id LIMIT ?2)
 WHERE status = 'ended' AND coalesce(ended_at, last_at) < strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds');
SELECT coalesce(max(id), 0), count(*), coalesce(sum(born >= strftime('%Y-%m-%d %H:%M:%f', ?30, (-?4) || ' seconds')), 0), (SELECT count(*) FROM picked)
  FROM (SELECT id, opened_at AS born FROM ussd WHERE id > ?1 ORDER BY id LIMIT ?2);
DELETE FROM ussd WHERE ?3 = 0 AND id IN (SELECT id FROM picked)

-- `wanted` is the operator's and stays.
-- :LINK_PUT
INSERT INTO link (gateway, name, driver, state, reason, window_size, queued, unanswered, rate, sent,
                  failed, receipts, received, account, interval_ms, quota_hour, quota_day, quota_month,
                  used_hour, used_day, used_month, used_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
        strftime('%Y-%m-%d %H:%M:%f', nullif(?22, 0) / 1000.0, 'unixepoch'),
        strftime('%Y-%m-%d %H:%M:%f', 'now'))
ON CONFLICT (gateway, name) DO UPDATE
   SET driver = excluded.driver, reason = excluded.reason, window_size = excluded.window_size,
       queued = excluded.queued, unanswered = excluded.unanswered, rate = excluded.rate,
       sent = excluded.sent, failed = excluded.failed, receipts = excluded.receipts,
       received = excluded.received, account = excluded.account, updated_at = excluded.updated_at,
       interval_ms = excluded.interval_ms, quota_hour = excluded.quota_hour,
       quota_day = excluded.quota_day, quota_month = excluded.quota_month,
       used_hour = CASE WHEN excluded.used_at IS NULL THEN used_hour ELSE excluded.used_hour END,
       used_day = CASE WHEN excluded.used_at IS NULL THEN used_day ELSE excluded.used_day END,
       used_month = CASE WHEN excluded.used_at IS NULL THEN used_month ELSE excluded.used_month END,
       used_at = coalesce(excluded.used_at, used_at),
       since = CASE WHEN state = excluded.state THEN since ELSE excluded.updated_at END,
       state = excluded.state

-- :LINK_WANTED
SELECT name, wanted FROM link WHERE gateway = ?1

-- :LINK_USED
SELECT name, used_hour, used_day, used_month, CAST(strftime('%s', used_at) AS INTEGER)
  FROM link WHERE gateway = ?1 AND used_at IS NOT NULL

-- What smsqlctl asks.

-- :DESK_SEND
INSERT INTO outbox (recipient, body, sender, link) VALUES (?1, ?2, ?3, nullif(?4, ''))
RETURNING id

-- :DESK_ROW
SELECT id, status, attempts, coalesce(link_used, ''), coalesce(message_id, ''), error_code,
       coalesce(error_text, ''), coalesce(sent_at, ''), coalesce(done_at, '')
  FROM outbox WHERE id = ?1

-- :DESK_STATUS
SELECT status, count(*),
       CASE WHEN status IN ('queued', 'sending', 'sent', 'doubtful', 'held') THEN
            CAST((julianday('now') - julianday(min(created_at))) * 86400 AS INTEGER) END
  FROM outbox GROUP BY status ORDER BY status

-- :DESK_UNMATCHED
SELECT link, count(*), CAST((julianday('now') - julianday(min(received_at))) * 86400 AS INTEGER)
  FROM receipt INDEXED BY receipt_unmatched WHERE outbox_id IS NULL GROUP BY link ORDER BY link

-- :DESK_GATEWAYS
SELECT name, CASE WHEN state = 'running' AND alive_until < strftime('%Y-%m-%d %H:%M:%f', 'now')
                  THEN 'dead' ELSE state END, host, version, alive_until, epoch
  FROM gateway ORDER BY name

-- :DESK_LINKS
SELECT gateway, name, driver, state, wanted, reason, window_size, queued, unanswered, rate,
       interval_ms, used_hour, quota_hour, used_day, quota_day, used_month, quota_month, sent,
       failed, receipts, received, since
  FROM link ORDER BY gateway, name

-- :DESK_QUOTAS
SELECT gateway, name, state, used_hour, quota_hour, used_day, quota_day, used_month, quota_month
  FROM link WHERE quota_hour + quota_day + quota_month > 0 ORDER BY gateway, name

-- :DESK_QUEUE
SELECT id, route, coalesce(lane, link, ''), priority, recipient, status, attempts, send_after,
       coalesce(error_text, '')
  FROM outbox
 WHERE id IN (SELECT id FROM outbox WHERE queue = 0 UNION ALL
              SELECT id FROM outbox WHERE queue = 1 UNION ALL
              SELECT id FROM outbox WHERE queue = 3)
   AND status IN ('queued', 'sending')
 ORDER BY queue = 0, priority, send_after, id LIMIT ?1

-- :DESK_DOUBTFUL
SELECT id, recipient, coalesce(link_used, link, ''), attempts, coalesce(claimed_at, ''),
       CASE kind WHEN 'ussd' THEN 'hold' ELSE coalesce(in_doubt, 'default') END,
       coalesce(error_text, '')
  FROM outbox WHERE status = 'doubtful' AND (?1 = '' OR coalesce(link_used, link) = ?1)
 ORDER BY id LIMIT ?2

-- A turn of a dialogue is never sent again.
-- :DESK_DECIDE
UPDATE outbox
   SET status = CASE ?2 WHEN 'accept' THEN 'sent' ELSE 'queued' END,
       queue = CASE ?2 WHEN 'accept' THEN 2 ELSE 0 END, owner = NULL, claim = NULL, lane = NULL,
       error_code = NULL, error_text = NULL,
       sent_at = CASE ?2 WHEN 'accept' THEN coalesce(sent_at, claimed_at) ELSE sent_at END,
       send_after = CASE ?2 WHEN 'accept' THEN send_after ELSE strftime('%Y-%m-%d %H:%M:%f', 'now') END,
       expires_at = CASE WHEN ?2 <> 'accept' AND expires_at <= strftime('%Y-%m-%d %H:%M:%f', 'now')
                         THEN NULL ELSE expires_at END
 WHERE id = ?1 AND status = 'doubtful' AND (?2 = 'accept' OR kind <> 'ussd')
RETURNING id

-- :DESK_DECIDE_PARTS
UPDATE outbox_part SET status = 'sent', error_code = NULL, error_text = NULL
 WHERE outbox_id = ?1 AND status = 'doubtful'

-- Nor here: a turn in doubt may have been heard.
-- :DESK_RETRY
UPDATE outbox
   SET status = 'queued', queue = 0, owner = NULL, claim = NULL, lane = NULL, done_at = NULL,
       error_code = NULL, error_text = NULL,
       send_after = strftime('%Y-%m-%d %H:%M:%f', 'now'),
       expires_at = CASE WHEN expires_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') THEN NULL
                         ELSE expires_at END
 WHERE id = ?1 AND status IN ('failed', 'undelivered', 'expired', 'doubtful', 'held', 'cancelled')
   AND (status <> 'doubtful' OR kind <> 'ussd')
RETURNING id

-- :DESK_CANCEL
UPDATE outbox
   SET status = 'cancelled', queue = 2, done_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE id = ?1 AND ((queue IN (0, 3) AND status IN ('queued', 'held'))
                    OR status IN ('held', 'doubtful'))
RETURNING id

-- :DESK_ASK
INSERT INTO command (what, outbox_id, body) VALUES (?1, ?2, ?3) RETURNING id

-- :DESK_COMMAND
SELECT id, what, status, coalesce(answer, ''), coalesce(answer_at, ''), error_code,
       coalesce(error_text, '')
  FROM command WHERE id = ?1

-- :DESK_WANT
UPDATE link SET wanted = ?2 WHERE name = ?1 RETURNING gateway
