-- SPDX-License-Identifier: Apache-2.0
-- statements.sql - every statement of the gateway in the dialect of MariaDB and MySQL.
--
-- `-- :NAME` begins a statement; its parameters and rows are listed in engine.h. ?1, ?2 are
-- parameters; of shape MANY, ?rows is all of them as one JSON text, an array for each row, for
-- JSON_TABLE. There is no RETURNING here, so a statement may be several, each but the last with
-- a semicolon at the end of a line: they travel together, in one transaction, and the rows of the
-- SELECTs among them are the answer. What one finds for the next is in temporary tables of the
-- connection, smsqld_ids and smsqld_found (mysql.c).
--
-- Plans do not depend on statistics: STRAIGHT_JOIN puts the parameters outside, FORCE INDEX
-- says what is searched inside. The isolation is READ COMMITTED, so a row that is passed over is not
-- locked. Leases ask SYSDATE, since a statement may have waited for a lock.

-- :TABLES
SELECT table_name FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
   AND table_name IN ('smsqld_schema', 'outbox', 'outbox_part', 'inbox', 'inbox_set', 'inbox_part',
                      'receipt', 'command', 'ussd', 'gateway', 'link', 'outbox_ref', 'outbox_range')
 ORDER BY 1

-- :VERSION
SELECT max(version) FROM smsqld_schema

-- :GATEWAY_READ
SELECT epoch, state = 'running' AND alive_until > SYSDATE(3), host, pid,
       TIMESTAMPDIFF(MICROSECOND, SYSDATE(3), alive_until) DIV 1000
  FROM gateway WHERE name = ?1

-- Compare and swap: only from the epoch that was read.
-- :GATEWAY_ENTER
UPDATE gateway
   SET epoch = ?3, state = 'running', alive_until = SYSDATE(3) + INTERVAL ?4 * 1000 MICROSECOND,
       started_at = SYSDATE(3), version = ?5, host = ?6, pid = ?7
 WHERE name = ?1 AND epoch = ?2;
INSERT INTO gateway (name, epoch, state, alive_until, started_at, version, host, pid)
VALUES (?1, ?3, 'running', SYSDATE(3) + INTERVAL ?4 * 1000 MICROSECOND, SYSDATE(3), ?5, ?6, ?7)
ON DUPLICATE KEY UPDATE name = gateway.name

-- Also when it had ended, as long as nobody has buried it: BURY and its RECOVER are one transaction.
-- :GATEWAY_BEAT
UPDATE gateway SET alive_until = SYSDATE(3) + INTERVAL ?3 * 1000 MICROSECOND
 WHERE name = ?1 AND epoch = ?2 AND state = 'running'

-- :GATEWAY_LEAVE
UPDATE gateway SET state = 'stopped', alive_until = SYSDATE(3) WHERE name = ?1 AND epoch = ?2

-- :GATEWAY_DEAD
SELECT name, epoch FROM gateway WHERE state = 'running' AND alive_until < SYSDATE(3)

-- :GATEWAY_BURY
UPDATE gateway SET state = 'dead'
 WHERE name = ?1 AND epoch = ?2 AND state = 'running' AND alive_until < SYSDATE(3)

-- Rows of a gateway that is gone: back to the queue, or in doubt. A turn of a dialogue is never
-- sent again. All that is claimed is in one range of outbox_ready, which is looked through without
-- locks: rows there may be locked by another gateway that is frozen in the middle of a transaction.
-- :RECOVER
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM outbox FORCE INDEX (outbox_ready) WHERE queue = 1 AND owner = ?1;
UPDATE smsqld_ids k STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = k.id
   SET o.queue = CASE WHEN o.kind <> 'ussd' AND coalesce(o.in_doubt, ?2) = 'resend' THEN 0 ELSE 2 END,
       o.status = CASE WHEN o.kind <> 'ussd' AND coalesce(o.in_doubt, ?2) = 'resend' THEN 'queued'
                       ELSE 'doubtful' END,
       o.owner = CASE WHEN o.kind <> 'ussd' AND coalesce(o.in_doubt, ?2) = 'resend' THEN NULL ELSE o.owner END,
       o.claim = NULL, o.error_text = ?3
 WHERE o.queue = 1 AND o.owner = ?1

-- Three steps, which mysql.c takes. First, of each priority (?8), its first row, if it is due: a range each of the
-- index, so that an idle claim is ten probes, all in one statement, and locks nothing. With a floor (?5) that is where
-- it begins instead. Then priority by priority the rows from there (?5) to now (?6), in the order of the index, those
-- that others have locked passed over; then they (?7) are taken. A row that the application took back (status alone was
-- changed) or that has expired leaves the queue here. In an UPDATE of one table a column is new once it is set: hence
-- the order. While anybody has a snapshot open, entries of the index whose rows are gone stay: a search by equality passes
-- over those of its own range and ends there, where one for BETWEEN goes on over what is behind; it locks each, too.
-- So the first row is found in the one way, and the others from there in the other, up to a limit.
-- :CLAIM
SELECT UTC_TIMESTAMP(3) AS now, ?8,
       coalesce(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL ?5 * 1000 MICROSECOND,
                (SELECT o.send_after FROM outbox o FORCE INDEX (outbox_ready)
                  WHERE o.queue = 0 AND o.route = ?3 AND o.priority = ?8
                  ORDER BY o.send_after, o.id LIMIT 1)) AS first
  FROM DUAL HAVING first <= now;
SELECT o.id, o.priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', o.send_after) DIV 1000,
       CASE WHEN o.status <> 'queued' THEN o.status WHEN o.expires_at <= ?6 THEN 'expired' ELSE 'sending' END,
       o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data, o.options, o.receipt,
       o.in_doubt, o.attempts + (o.status = 'queued'),
       TIMESTAMPDIFF(SECOND, '1970-01-01', o.expires_at),
       CASE WHEN o.attempts > 0 AND o.parts > 1 THEN
            (SELECT GROUP_CONCAT(p.part, ':', p.digest ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox o FORCE INDEX (outbox_ready)
 WHERE o.queue = 0 AND o.route = ?3 AND o.priority = ?8 AND o.send_after BETWEEN ?5 AND ?6
 ORDER BY o.send_after, o.id LIMIT ?4 FOR UPDATE SKIP LOCKED;
UPDATE outbox FORCE INDEX (PRIMARY)
   SET attempts = attempts + (status = 'queued'),
       error_text = CASE WHEN status = 'queued' AND expires_at <= ?6 THEN 'expired before it was sent'
                         ELSE error_text END,
       done_at = CASE WHEN status = 'cancelled' OR (status = 'queued' AND expires_at <= ?6) THEN ?6
                      ELSE done_at END,
       queue = CASE WHEN status <> 'queued' OR expires_at <= ?6 THEN 2 ELSE 1 END,
       status = CASE WHEN status <> 'queued' THEN status WHEN expires_at <= ?6 THEN 'expired'
                     ELSE 'sending' END,
       owner = ?1, claim = ?2, lane = NULL, claimed_at = ?6
 WHERE id IN (?7) AND queue = 0

-- :CLAIM_PARKED
SELECT UTC_TIMESTAMP(3) AS now, ?8,
       (SELECT o.send_after FROM outbox o FORCE INDEX (outbox_parked)
         WHERE o.queue = 3 AND o.lane = ?3 AND o.priority = ?8
         ORDER BY o.send_after, o.id LIMIT 1) AS first
  FROM DUAL HAVING first <= now;
SELECT o.id, o.priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', o.send_after) DIV 1000,
       CASE WHEN o.status <> 'queued' THEN o.status WHEN o.expires_at <= ?6 THEN 'expired' ELSE 'sending' END,
       o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data, o.options, o.receipt,
       o.in_doubt, o.attempts + (o.status = 'queued'),
       TIMESTAMPDIFF(SECOND, '1970-01-01', o.expires_at),
       CASE WHEN o.attempts > 0 AND o.parts > 1 THEN
            (SELECT GROUP_CONCAT(p.part, ':', p.digest ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox o FORCE INDEX (outbox_parked)
 WHERE o.queue = 3 AND o.lane = ?3 AND o.priority = ?8 AND o.send_after BETWEEN ?5 AND ?6
 ORDER BY o.send_after, o.id LIMIT ?4 FOR UPDATE SKIP LOCKED;
UPDATE outbox FORCE INDEX (PRIMARY)
   SET attempts = attempts + (status = 'queued'),
       error_text = CASE WHEN status = 'queued' AND expires_at <= ?6 THEN 'expired before it was sent'
                         ELSE error_text END,
       done_at = CASE WHEN status = 'cancelled' OR (status = 'queued' AND expires_at <= ?6) THEN ?6
                      ELSE done_at END,
       queue = CASE WHEN status <> 'queued' OR expires_at <= ?6 THEN 2 ELSE 1 END,
       status = CASE WHEN status <> 'queued' THEN status WHEN expires_at <= ?6 THEN 'expired'
                     ELSE 'sending' END,
       owner = ?1, claim = ?2, lane = NULL, claimed_at = ?6
 WHERE id IN (?7) AND queue = 3

-- :CLAIM_READ
SELECT o.id, o.priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', o.send_after) DIV 1000,
       o.status,
       o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data, o.options, o.receipt,
       o.in_doubt, o.attempts,
       TIMESTAMPDIFF(SECOND, '1970-01-01', o.expires_at),
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT GROUP_CONCAT(p.part, ':', p.digest ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox o FORCE INDEX (outbox_ready)
 WHERE o.queue = 1 AND o.owner = ?1 AND (?2 IS NULL OR o.claim = ?2)

-- Rows that were put in doubt before their journal was read.
-- :CLAIM_DOUBTED
SELECT o.id, o.priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', o.send_after) DIV 1000,
       'sending',
       o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data, o.options, o.receipt,
       o.in_doubt, o.attempts,
       TIMESTAMPDIFF(SECOND, '1970-01-01', o.expires_at),
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT GROUP_CONCAT(p.part, ':', p.digest ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', owner varchar(128) PATH '$[1]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
 WHERE o.owner = r.owner AND o.status = 'doubtful'

-- Only what this owner still holds.
-- :SETTLE
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', owner varchar(128) PATH '$[1]', status varchar(16) PATH '$[2]',
         queue bigint PATH '$[3]', lane varchar(64) PATH '$[4]', retry_ms bigint PATH '$[5]',
         untried bigint PATH '$[6]', link varchar(64) PATH '$[7]', parts bigint PATH '$[8]',
         message_id varchar(255) PATH '$[9]', code bigint PATH '$[10]',
         words varchar(500) PATH '$[11]', encoding varchar(64) PATH '$[12]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
   SET o.status = r.status, o.queue = r.queue, o.lane = nullif(r.lane, ''),
       o.send_after = CASE WHEN r.retry_ms > 0 THEN UTC_TIMESTAMP(3) + INTERVAL r.retry_ms * 1000 MICROSECOND
                           ELSE o.send_after END,
       o.attempts = o.attempts - r.untried,
       o.link_used = coalesce(nullif(r.link, ''), o.link_used),
       o.parts = coalesce(nullif(r.parts, 0), o.parts),
       o.encoding = coalesce(nullif(r.encoding, ''), o.encoding),
       o.message_id = coalesce(nullif(r.message_id, ''), o.message_id),
       o.error_code = nullif(r.code, 0), o.error_text = nullif(r.words, ''),
       o.sent_at = CASE WHEN r.status = 'sent' THEN UTC_TIMESTAMP(3) ELSE o.sent_at END,
       o.done_at = CASE WHEN r.status IN ('failed', 'expired') THEN UTC_TIMESTAMP(3) ELSE o.done_at END,
       o.owner = CASE WHEN r.queue IN (0, 3) THEN NULL ELSE o.owner END
 WHERE o.owner = r.owner AND (o.queue = 1 OR o.status = 'doubtful')

-- A part that the network has stays, unless it is cut anew and another one.
-- :PART_PUT
SET @rows = ?rows;
UPDATE JSON_TABLE(@rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', part bigint PATH '$[1]', link varchar(64) PATH '$[2]',
         message_id varchar(255) PATH '$[3]', status varchar(16) PATH '$[4]',
         code bigint PATH '$[5]', words varchar(500) PATH '$[6]', digest bigint PATH '$[7]',
         recipient varchar(255) PATH '$[8]')) AS r
  STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = r.id AND p.part = r.part AND p.recipient = r.recipient
   SET p.link = r.link, p.message_id = r.message_id, p.status = r.status, p.error_code = nullif(r.code, 0),
       p.error_text = nullif(r.words, ''), p.digest = r.digest
 WHERE p.digest <> r.digest
    OR (p.status NOT IN ('sent', 'delivered')
        AND NOT (p.status = 'undelivered' AND p.message_id = r.message_id));
INSERT INTO outbox_part (outbox_id, part, link, message_id, status, error_code, error_text, digest, recipient)
SELECT r.id, r.part, r.link, r.message_id, r.status, nullif(r.code, 0), nullif(r.words, ''), r.digest,
       r.recipient
  FROM JSON_TABLE(@rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', part bigint PATH '$[1]', link varchar(64) PATH '$[2]',
         message_id varchar(255) PATH '$[3]', status varchar(16) PATH '$[4]',
         code bigint PATH '$[5]', words varchar(500) PATH '$[6]', digest bigint PATH '$[7]',
         recipient varchar(255) PATH '$[8]')) AS r
 WHERE NOT EXISTS (SELECT 1 FROM outbox_part p WHERE p.outbox_id = r.id AND p.part = r.part AND p.recipient = r.recipient)
ON DUPLICATE KEY UPDATE part = outbox_part.part

-- Receipts that came before the message's own id was known.
-- :OVERTAKEN
SELECT c.id, c.link, c.message_id, c.recipient, c.status, c.word, coalesce(c.error_code, 0),
       coalesce(c.error_text, ''), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', c.done_at) DIV 1000, c.other_ids
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         link varchar(64) PATH '$[0]', id_key varchar(255) PATH '$[1]')) AS r
  STRAIGHT_JOIN receipt c FORCE INDEX (receipt_unmatched)
    ON c.outbox_id IS NULL AND c.link = r.link AND c.network_key = r.id_key
 ORDER BY c.id

-- Forward only: what is final stays, but for undelivered that becomes delivered. A recipient, digits, has
-- to agree in its last seven; '' asks for none. When several receipts are of one row, it becomes what
-- they make of it one after the other: delivered if one of them says so, else the first that says
-- undelivered, else the last.
-- :CONFIRM
DELETE FROM smsqld_found;
INSERT INTO smsqld_found (n, status, code, words, id)
SELECT r.n, r.status, r.code, r.words,
       (SELECT o.id FROM outbox o FORCE INDEX (outbox_network_id)
         WHERE o.link_used = r.link AND o.network_key = r.id_key AND coalesce(o.parts, 1) = 1
           AND (r.recipient = '' OR RIGHT(REGEXP_REPLACE(o.recipient, '[^0-9]', ''), 7) = RIGHT(r.recipient, 7))
         ORDER BY o.id DESC LIMIT 1)
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         n bigint PATH '$[0]', link varchar(64) PATH '$[1]', id_key varchar(255) PATH '$[2]',
         recipient varchar(255) PATH '$[3]', status varchar(16) PATH '$[4]',
         code bigint PATH '$[5]', words varchar(500) PATH '$[6]')) AS r;
UPDATE (SELECT id, status, code, words,
               ROW_NUMBER() OVER (PARTITION BY id ORDER BY status <> 'delivered', status <> 'undelivered',
                                     CASE status WHEN 'sent' THEN -n ELSE n END) AS turn
          FROM smsqld_found WHERE id IS NOT NULL) AS f
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = f.id
   SET o.status = f.status, o.error_code = nullif(f.code, 0), o.error_text = nullif(f.words, ''),
       o.done_at = CASE WHEN f.status <> 'sent' THEN UTC_TIMESTAMP(3) ELSE o.done_at END
 WHERE f.turn = 1
   AND (o.status IN ('sent', 'doubtful') OR (o.status = 'undelivered' AND f.status = 'delivered'));
SELECT n, id FROM smsqld_found WHERE id IS NOT NULL

-- Of one message to several the id is that of all: which of them is told by the number that
-- the receipt is from, source, as nearly as it agrees.
-- :CONFIRM_PART
DELETE FROM smsqld_found;
INSERT INTO smsqld_found (n, status, code, words, id, part, recipient)
SELECT n, status, code, words, outbox_id, part, part_recipient
  FROM (SELECT r.n, r.status, r.code, r.words, p.outbox_id, p.part, p.recipient AS part_recipient,
               ROW_NUMBER() OVER (PARTITION BY r.n ORDER BY p.outbox_id DESC,
                   REGEXP_REPLACE(p.recipient, '[^0-9]', '') = r.digits DESC,
                   RIGHT(REGEXP_REPLACE(p.recipient, '[^0-9]', ''), 9) = RIGHT(r.digits, 9) DESC) AS turn
          FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         n bigint PATH '$[0]', link varchar(64) PATH '$[1]', id_key varchar(255) PATH '$[2]',
         recipient varchar(255) PATH '$[3]', status varchar(16) PATH '$[4]',
         code bigint PATH '$[5]', words varchar(500) PATH '$[6]', digits varchar(32) PATH '$[7]')) AS r
          STRAIGHT_JOIN outbox_part p FORCE INDEX (outbox_part_network_id)
            ON p.link = r.link AND p.network_key = r.id_key AND p.message_id <> ''
         WHERE CASE p.recipient
               WHEN '' THEN r.recipient = ''
                    OR RIGHT((SELECT REGEXP_REPLACE(o.recipient, '[^0-9]', '') FROM outbox o WHERE o.id = p.outbox_id), 7)
                     = RIGHT(r.recipient, 7)
               ELSE RIGHT(REGEXP_REPLACE(p.recipient, '[^0-9]', ''), 7) = RIGHT(r.digits, 7) END) AS found
 WHERE turn = 1;
UPDATE (SELECT id, part, recipient, status, code, words,
               ROW_NUMBER() OVER (PARTITION BY id, part, recipient ORDER BY status <> 'delivered', status <> 'undelivered',
                                     CASE status WHEN 'sent' THEN -n ELSE n END) AS turn
          FROM smsqld_found) AS f
  STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY)
     ON p.outbox_id = f.id AND p.part = f.part AND p.recipient = f.recipient
   SET p.status = f.status, p.error_code = nullif(f.code, 0), p.error_text = nullif(f.words, '')
 WHERE f.turn = 1
   AND (p.status IN ('sent', 'doubtful') OR (p.status = 'undelivered' AND f.status = 'delivered'));
SELECT n, id FROM smsqld_found

-- Of two gateways that are told of the last two parts at a time each would see a message of which one is
-- missing. So the second waits for the first, and sees its part in the next statement; at another node of a Galera
-- cluster, which knows no locks of others, it fails for having changed the same row, and begins anew. Nobody asks for
-- the claim of a row that was settled.
-- :FOLD_LOCK
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
   SET o.claim = coalesce(o.claim, 0) + 1
 WHERE o.queue = 2

-- A message of several parts is what its parts are, once all are final. Code and text are those
-- of the first part that was not delivered. So is one to several recipients, some of which may
-- have been refused.
-- :FOLD
UPDATE (SELECT w.id, count(*) AS n,
               CASE WHEN sum(p.status = 'delivered') = count(*) THEN 'delivered'
                    WHEN sum(p.status IN ('delivered', 'undelivered')
                             OR (p.status = 'failed' AND p.recipient <> '')) = count(*) THEN 'undelivered'
               END AS word,
               count(DISTINCT p.recipient) AS recipients,
               count(DISTINCT CASE WHEN p.status <> 'delivered' THEN p.recipient END) AS missed,
               min(CASE p.status WHEN 'undelivered' THEN p.part END) AS first
          FROM (SELECT DISTINCT r.id
                  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r) AS r
          STRAIGHT_JOIN outbox w FORCE INDEX (PRIMARY) ON w.id = r.id
          STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = w.id
            AND p.part <= w.parts DIV greatest(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q
                                                    WHERE q.outbox_id = w.id))
         GROUP BY w.id) AS whole
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = whole.id
   SET o.status = whole.word,
       o.error_code = (SELECT p.error_code FROM outbox_part p WHERE p.outbox_id = whole.id AND p.part = whole.first
                               AND p.status = 'undelivered' ORDER BY p.recipient LIMIT 1),
       o.error_text = CASE WHEN whole.word = 'undelivered' AND whole.recipients > 1
                           THEN concat(whole.missed, ' of ', whole.recipients,
                                       ' recipients not reached: see outbox_part')
                           ELSE (SELECT p.error_text FROM outbox_part p WHERE p.outbox_id = whole.id AND p.part = whole.first
                               AND p.status = 'undelivered' ORDER BY p.recipient LIMIT 1) END,
       o.done_at = UTC_TIMESTAMP(3)
 WHERE o.parts = whole.n AND whole.word IS NOT NULL
   AND (o.status IN ('sent', 'doubtful') OR (o.status = 'undelivered' AND whole.word = 'delivered'))

-- What the network said too late of a message of one part. A row in doubt is settled; one
-- that waits to be sent again has arrived already.
-- :LATE
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', link varchar(64) PATH '$[1]', attempt bigint PATH '$[2]',
         part bigint PATH '$[3]', parts bigint PATH '$[4]', message_id varchar(255) PATH '$[5]',
         status varchar(16) PATH '$[6]', code bigint PATH '$[7]', words varchar(500) PATH '$[8]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
   SET o.status = r.status, o.queue = CASE r.status WHEN 'queued' THEN 0 ELSE 2 END,
       o.owner = CASE r.status WHEN 'queued' THEN NULL ELSE o.owner END, o.lane = NULL,
       o.message_id = coalesce(nullif(r.message_id, ''), o.message_id),
       o.error_code = nullif(r.code, 0), o.error_text = nullif(r.words, ''),
       o.sent_at = CASE r.status WHEN 'sent' THEN UTC_TIMESTAMP(3) ELSE o.sent_at END,
       o.done_at = CASE r.status WHEN 'failed' THEN UTC_TIMESTAMP(3) ELSE o.done_at END
 WHERE r.parts = 1 AND o.link_used = r.link AND o.attempts = r.attempt
   AND (o.status = 'doubtful' OR (o.status = 'queued' AND o.queue IN (0, 3) AND r.status = 'sent'))

-- The same of a part of several; LATE_FOLD then looks at the whole.
-- :LATE_PART
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', link varchar(64) PATH '$[1]', attempt bigint PATH '$[2]',
         part bigint PATH '$[3]', parts bigint PATH '$[4]', message_id varchar(255) PATH '$[5]',
         status varchar(16) PATH '$[6]', code bigint PATH '$[7]', words varchar(500) PATH '$[8]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
  STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = r.id AND p.part = r.part
   SET p.status = r.status, p.message_id = coalesce(nullif(r.message_id, ''), p.message_id),
       p.error_code = nullif(r.code, 0), p.error_text = nullif(r.words, '')
 WHERE p.link = r.link AND r.parts > 1 AND o.attempts = r.attempt
   AND (p.status = 'doubtful' OR (p.status = 'queued' AND r.status = 'sent'))

-- A row in doubt none of whose parts is any more.
-- :LATE_FOLD
UPDATE (SELECT w.id, count(*) AS n,
               CASE WHEN sum(p.status = 'doubtful') > 0 THEN NULL
                    WHEN sum(p.status = 'failed' AND p.recipient = '') > 0
                      OR sum(p.status = 'failed') = count(*) THEN 'failed'
                    WHEN sum(p.status = 'queued') > 0 THEN 'queued' ELSE 'sent' END AS word
          FROM (SELECT DISTINCT r.id
                  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r) AS r
          STRAIGHT_JOIN outbox w FORCE INDEX (PRIMARY) ON w.id = r.id
          STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = w.id
            AND p.part <= w.parts DIV greatest(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q
                                                    WHERE q.outbox_id = w.id))
         GROUP BY w.id) AS whole
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = whole.id
   SET o.status = whole.word, o.queue = CASE whole.word WHEN 'queued' THEN 0 ELSE 2 END,
       o.owner = CASE whole.word WHEN 'queued' THEN NULL ELSE o.owner END,
       o.error_code = CASE whole.word WHEN 'sent' THEN NULL ELSE o.error_code END,
       o.error_text = CASE whole.word WHEN 'sent' THEN NULL ELSE o.error_text END,
       o.sent_at = CASE whole.word WHEN 'sent' THEN UTC_TIMESTAMP(3) ELSE o.sent_at END,
       o.done_at = CASE whole.word WHEN 'failed' THEN UTC_TIMESTAMP(3) ELSE o.done_at END
 WHERE o.status = 'doubtful' AND o.parts = whole.n AND whole.word IS NOT NULL

-- Other links of the same account: a receipt may have come in on another one than its
-- message went out by.
-- :SIBLINGS
SELECT DISTINCT m.name, s.name
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         link varchar(64) PATH '$[0]')) AS r
  JOIN link m ON m.name = r.link AND m.account <> ''
  JOIN link s ON s.account = m.account AND s.name <> m.name
 ORDER BY 1, 2

-- :RECEIPT_PUT
INSERT INTO receipt (link, message_id, recipient, status, word, error_code, error_text, done_at, outbox_id,
                     other_ids)
SELECT r.link, r.message_id, r.recipient, r.status, r.word, nullif(r.code, 0), nullif(r.words, ''),
       '1970-01-01' + INTERVAL r.done_at_ms * 1000 MICROSECOND, r.outbox_id, r.other_ids
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         link varchar(64) PATH '$[0]', message_id varchar(255) PATH '$[1]',
         recipient varchar(255) PATH '$[2]', status varchar(16) PATH '$[3]',
         word varchar(64) PATH '$[4]', code bigint PATH '$[5]', words varchar(500) PATH '$[6]',
         done_at_ms bigint PATH '$[7]', outbox_id bigint PATH '$[8]',
         other_ids varchar(255) PATH '$[9]')) AS r

-- :RECEIPT_MATCHED
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', outbox_id bigint PATH '$[1]')) AS r
  STRAIGHT_JOIN receipt c FORCE INDEX (PRIMARY) ON c.id = r.id
   SET c.outbox_id = r.outbox_id

-- A walk, oldest first, from behind the receipt that was the last one of the call before.
-- :RECEIPT_OPEN
SELECT c.id, c.link, c.message_id, c.recipient, c.status, c.word, coalesce(c.error_code, 0),
       coalesce(c.error_text, ''), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', c.done_at) DIV 1000, c.other_ids,
       TIMESTAMPDIFF(MICROSECOND, '1970-01-01', c.received_at) DIV 1000
  FROM receipt c FORCE INDEX (receipt_open)
 WHERE c.outbox_id IS NULL
   AND c.received_at >= greatest(UTC_TIMESTAMP(3) - INTERVAL ?2 SECOND, '1970-01-01' + INTERVAL ?3 * 1000 MICROSECOND)
   AND (c.received_at > '1970-01-01' + INTERVAL ?3 * 1000 MICROSECOND OR c.id > ?4)
 ORDER BY c.received_at, c.id LIMIT ?1
   FOR UPDATE SKIP LOCKED

-- Octets are written as hexadecimal digits in what is JSON.
-- :INBOX_PUT
INSERT INTO inbox (arrival, link, sender, recipient, kind, body, data, udh, encoding, options, parts,
                   missing, network_time, received_at, outbox_id)
SELECT r.arrival, r.link, r.sender, r.recipient, r.kind, r.body, UNHEX(r.data), UNHEX(r.udh), r.encoding,
       r.options, r.parts, r.missing, '1970-01-01' + INTERVAL r.network_at_ms * 1000 MICROSECOND,
       coalesce(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL r.received_at_ms * 1000 MICROSECOND, UTC_TIMESTAMP(3)),
       r.outbox_id
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         arrival varchar(190) PATH '$[0]', link varchar(64) PATH '$[1]',
         sender varchar(255) PATH '$[2]', recipient varchar(255) PATH '$[3]',
         kind varchar(32) PATH '$[4]', body mediumtext PATH '$[5]', data mediumtext PATH '$[6]',
         udh mediumtext PATH '$[7]', encoding varchar(64) PATH '$[8]',
         options mediumtext PATH '$[9]', parts bigint PATH '$[10]', missing bigint PATH '$[11]',
         network_at_ms bigint PATH '$[12]', received_at_ms bigint PATH '$[13]',
         outbox_id bigint PATH '$[14]')) AS r
ON DUPLICATE KEY UPDATE arrival = inbox.arrival

-- Which of these parts are stored already.
-- :JOIN_KNOWN
SELECT r.n
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         n bigint PATH '$[0]', arrival varchar(190) PATH '$[1]')) AS r
  STRAIGHT_JOIN inbox_part p ON p.arrival = r.arrival

-- The open sets of these keys, made when there is none; locked until the commit. last_at always becomes
-- another value: nodes of a Galera cluster know nothing of each other's locks, but of rows that both have changed.
-- :JOIN_OPEN
SET @rows = ?rows;
INSERT INTO inbox_set (link, sender, recipient, wide, ref, parts)
SELECT r.link, r.sender, r.recipient, r.wide, r.ref, r.parts
  FROM JSON_TABLE(@rows, '$[*]' COLUMNS (
         link varchar(64) PATH '$[0]', sender varchar(255) PATH '$[1]',
         recipient varchar(255) PATH '$[2]', wide bigint PATH '$[3]', ref bigint PATH '$[4]',
         parts bigint PATH '$[5]')) AS r
ON DUPLICATE KEY UPDATE
       last_at = greatest(UTC_TIMESTAMP(3), inbox_set.last_at + INTERVAL 1000 MICROSECOND);
SELECT s.id, s.link, s.sender, s.recipient, s.wide, s.ref, s.parts
  FROM JSON_TABLE(@rows, '$[*]' COLUMNS (
         link varchar(64) PATH '$[0]', sender varchar(255) PATH '$[1]',
         recipient varchar(255) PATH '$[2]', wide bigint PATH '$[3]', ref bigint PATH '$[4]',
         parts bigint PATH '$[5]')) AS r
  STRAIGHT_JOIN inbox_set s FORCE INDEX (inbox_set_open) ON s.link = r.link AND s.sender = r.sender
    AND s.recipient = r.recipient AND s.wide = r.wide AND s.ref = r.ref AND s.parts = r.parts AND s.open = 1

-- :JOIN_READ
SELECT s.id, p.part, p.arrival, s.link, s.sender, s.recipient, s.wide, s.ref, s.parts, p.charset,
       p.data_coding, p.protocol_id, p.octets, p.udh, p.options, p.received_at, p.network_at
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = r.set_id
  STRAIGHT_JOIN inbox_part p FORCE INDEX (PRIMARY) ON p.set_id = s.id
 ORDER BY s.id, p.part

-- :JOIN_PUT
INSERT INTO inbox_part (set_id, part, arrival, charset, data_coding, protocol_id, octets, udh, options,
                        received_at, network_at)
SELECT r.set_id, r.part, r.arrival, r.charset, r.data_coding, r.protocol_id, UNHEX(r.octets),
       UNHEX(r.udh), r.options, r.received_at, r.network_at
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]', part bigint PATH '$[1]', arrival varchar(190) PATH '$[2]',
         charset varchar(32) PATH '$[3]', data_coding bigint PATH '$[4]',
         protocol_id bigint PATH '$[5]', octets mediumtext PATH '$[6]', udh mediumtext PATH '$[7]',
         options mediumtext PATH '$[8]', received_at bigint PATH '$[9]',
         network_at bigint PATH '$[10]')) AS r
ON DUPLICATE KEY UPDATE set_id = inbox_part.set_id

-- :JOIN_CLOSE
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]', letter varchar(190) PATH '$[1]')) AS r
  STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = r.set_id
   SET s.letter = r.letter, s.last_at = UTC_TIMESTAMP(3)
 WHERE coalesce(s.letter, '') = ''

-- A whole set that says what an earlier one of its key said.
-- :JOIN_REPEATS
UPDATE (SELECT n.id, min(b.id) AS first
          FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]', letter varchar(190) PATH '$[1]')) AS r
          STRAIGHT_JOIN inbox n ON n.arrival = r.letter
          STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = r.set_id
          STRAIGHT_JOIN inbox_set o FORCE INDEX (inbox_set_open) ON o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient
           AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
          STRAIGHT_JOIN inbox b ON b.arrival = o.letter
         WHERE o.letter <> '' AND o.id < s.id AND b.id <> n.id AND b.body <=> n.body AND b.data <=> n.data
         GROUP BY n.id) AS k
  STRAIGHT_JOIN inbox i FORCE INDEX (PRIMARY) ON i.id = k.id
   SET i.dup_of = k.first

-- Sets that hold nothing but repeats of parts of an earlier one, with its letter.
-- :JOIN_ECHO
SELECT k.id, e.letter
  FROM (SELECT s.id, min(o.id) AS first
          FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]')) AS r
          STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = r.set_id
          STRAIGHT_JOIN inbox_set o FORCE INDEX (inbox_set_open) ON o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient
           AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
         WHERE o.letter <> '' AND o.id < s.id AND NOT EXISTS (
               SELECT 1 FROM inbox_part p FORCE INDEX (PRIMARY)
                WHERE p.set_id = s.id AND NOT EXISTS (
                      SELECT 1 FROM inbox_part q FORCE INDEX (PRIMARY)
                       WHERE q.set_id = o.id AND q.part = p.part AND q.octets <=> p.octets))
         GROUP BY s.id) AS k
  STRAIGHT_JOIN inbox_set e FORCE INDEX (PRIMARY) ON e.id = k.first

-- Open sets that waited long enough, and the oldest of those that are too many.
-- :JOIN_OVERDUE
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT s.id
  FROM (SELECT id, last_at, opened_at,
               row_number() OVER (PARTITION BY link ORDER BY last_at DESC, id DESC) AS of_link,
               row_number() OVER (PARTITION BY link, sender ORDER BY last_at DESC, id DESC) AS of_sender
          FROM inbox_set FORCE INDEX (inbox_set_kept) WHERE open = 1) AS s
 WHERE s.last_at < UTC_TIMESTAMP(3) - INTERVAL ?1 SECOND OR s.opened_at < UTC_TIMESTAMP(3) - INTERVAL ?2 SECOND
    OR s.of_link > ?3 OR s.of_sender > ?4
 LIMIT ?5;
SELECT s.id FROM smsqld_ids k STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = k.id
 WHERE s.letter IS NULL FOR UPDATE SKIP LOCKED

-- Closed sets that nobody will repeat any more.
-- :JOIN_FORGET
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM inbox_set FORCE INDEX (inbox_set_kept)
 WHERE open IS NULL AND last_at < UTC_TIMESTAMP(3) - INTERVAL ?1 SECOND LIMIT ?2 FOR UPDATE SKIP LOCKED;
DELETE s FROM smsqld_ids k STRAIGHT_JOIN inbox_set s FORCE INDEX (PRIMARY) ON s.id = k.id;
SELECT id FROM smsqld_ids

-- :JOIN_DROP
DELETE p
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         set_id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN inbox_part p FORCE INDEX (PRIMARY) ON p.set_id = r.set_id

-- Is anything asked of the network? All that an idle gateway asks of table command.
-- :COMMAND_ANY
SELECT id FROM command FORCE INDEX (command_asked) WHERE status = 'asked' ORDER BY id LIMIT 1

-- What can be asked now, or never: those for links that are up here, or of which nobody
-- knows; and the message, as it was sent. One that is being sent is waited for.
-- :COMMAND_LOOK
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT c.id
  FROM command c FORCE INDEX (command_asked)
 WHERE c.status = 'asked'
   AND coalesce((SELECT o.status FROM outbox o WHERE o.id = c.outbox_id), '') <> 'sending'
   AND coalesce((SELECT max(k.gateway = ?1 AND k.state IN ('up', 'resting')) FROM link k
                  WHERE k.name = coalesce((SELECT o.link_used FROM outbox o WHERE o.id = c.outbox_id),
                                          c.link)), 1) = 1
 ORDER BY c.id LIMIT ?2 FOR UPDATE SKIP LOCKED;
SELECT c.id, c.what, c.attempts, coalesce(c.outbox_id, 0), coalesce(c.link, ''),
       coalesce(c.message_id, ''), c.sender, c.recipient, c.body, c.options, coalesce(c.error_text, ''),
       (SELECT count(*) FROM link k WHERE k.name = coalesce(o.link_used, c.link)),
       o.id IS NOT NULL, coalesce(o.status, ''), coalesce(o.queue, 2), coalesce(o.link_used, ''),
       coalesce(o.message_id, ''), o.sender, o.recipient, o.kind, o.options, coalesce(o.receipt, 1),
       coalesce(o.parts, 1), o.encoding
  FROM smsqld_ids k JOIN command c ON c.id = k.id LEFT JOIN outbox o ON o.id = c.outbox_id
 ORDER BY c.id

-- The network's ids of messages in parts, but for what it refused.
-- :COMMAND_IDS
SELECT r.n, p.part, p.message_id
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         n bigint PATH '$[0]', id bigint PATH '$[1]')) AS r
  STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = r.id
 WHERE NOT (p.status = 'failed' AND p.message_id = '')
 ORDER BY r.n, p.part

-- :COMMAND_TAKE
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', owner varchar(128) PATH '$[1]')) AS r
  STRAIGHT_JOIN command c FORCE INDEX (PRIMARY) ON c.id = r.id
   SET c.status = 'sending', c.owner = r.owner, c.claimed_at = UTC_TIMESTAMP(3), c.attempts = c.attempts + 1
 WHERE c.status = 'asked'

-- Only what this owner still holds.
-- :COMMAND_SETTLE
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', owner varchar(128) PATH '$[1]', status varchar(16) PATH '$[2]',
         answer varchar(32) PATH '$[3]', answer_at_ms bigint PATH '$[4]', code bigint PATH '$[5]',
         words varchar(500) PATH '$[6]', untried bigint PATH '$[7]')) AS r
  STRAIGHT_JOIN command c FORCE INDEX (PRIMARY) ON c.id = r.id
   SET c.status = r.status, c.owner = CASE r.status WHEN 'asked' THEN NULL ELSE c.owner END,
       c.attempts = c.attempts - r.untried, c.answer = nullif(r.answer, ''),
       c.answer_at = '1970-01-01' + INTERVAL r.answer_at_ms * 1000 MICROSECOND,
       c.error_code = nullif(r.code, 0), c.error_text = nullif(r.words, ''),
       c.done_at = CASE r.status WHEN 'asked' THEN NULL ELSE UTC_TIMESTAMP(3) END
 WHERE c.status = 'sending' AND c.owner = r.owner

-- What the network did to a message of outbox. A receipt may have told already that it
-- deleted what it was asked to cancel; other final states stay.
-- :COMMAND_APPLY
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN command c FORCE INDEX (PRIMARY) ON c.id = r.id
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = c.outbox_id
   SET o.body = CASE c.what WHEN 'replace' THEN c.body ELSE o.body END,
       o.status = CASE c.what WHEN 'cancel' THEN 'cancelled' ELSE o.status END,
       o.done_at = CASE c.what WHEN 'cancel' THEN UTC_TIMESTAMP(3) ELSE o.done_at END
 WHERE c.status = 'done'
   AND (c.what = 'replace' OR (c.what = 'cancel' AND (o.status IN ('sent', 'doubtful')
        OR (o.status = 'undelivered' AND o.done_at >= c.claimed_at))))

-- Commands of a gateway that is gone: asking again does no harm.
-- :COMMAND_RECOVER
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM command FORCE INDEX (command_claimed) WHERE status = 'sending' AND owner = ?1;
UPDATE smsqld_ids k STRAIGHT_JOIN command c FORCE INDEX (PRIMARY) ON c.id = k.id
   SET c.status = 'asked', c.owner = NULL
 WHERE c.status = 'sending' AND c.owner = ?1

-- The dialogue of a handset: open before ended, that of the session before a push without
-- one, and then the last. A handset is found with or without its +. same: the handset's last
-- text is that of the arrival; seen: this turn is in it already; passed: the handset has
-- said something since the outbox row was claimed. A confirmation may name the dialogue of a notice that had no number.
-- :USSD_READ
SELECT u.id, u.status = 'open', u.session, u.last_op, u.sequence, u.reply IS NOT NULL,
       TIMESTAMPDIFF(SECOND, u.opened_at, UTC_TIMESTAMP(3)), TIMESTAMPDIFF(SECOND, u.last_at, UTC_TIMESTAMP(3)),
       EXISTS (SELECT 1 FROM inbox a JOIN inbox b WHERE a.arrival = ?4 AND b.id = u.inbox_id
                  AND a.body <=> b.body),
       coalesce(u.inbox_id >= (SELECT a.id FROM inbox a WHERE a.arrival = ?4), 0),
       coalesce(u.outbox_id = ?5, 0),
       coalesce(u.last_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = ?5), 0)
  FROM ussd u FORCE INDEX (ussd_handset)
 WHERE u.link = ?1 AND u.msisdn IN (?2, concat('+', ?2))
   AND (u.session = ?3
        OR (?6 = 1 AND u.session = -1 AND u.last_op IN ('notify', 'confirm'))
        OR (u.status = 'open'
            AND (u.session = -1
                 OR (?3 = -1 AND u.opened_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = ?5)))))
 ORDER BY coalesce(u.outbox_id = ?5, 0) DESC, (u.status = 'open' AND u.session = ?3) DESC,
          u.status = 'open' DESC, u.id DESC
 LIMIT 1 FOR UPDATE

-- :USSD_OPEN
INSERT INTO ussd (link, msisdn, code, session, sequence, last_op, reply, inbox_id, outbox_id, turns)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM inbox WHERE arrival = ?8), ?9, 1)
ON DUPLICATE KEY UPDATE link = ussd.link

-- The handset's. One that is over stays over.
-- :USSD_TURN
UPDATE ussd
   SET session = ?2, sequence = ?3, last_op = ?4, turns = turns + 1,
       reply = CASE status WHEN 'open' THEN ?5 END,
       inbox_id = (SELECT id FROM inbox WHERE arrival = ?6),
       code = CASE code WHEN '' THEN ?7 ELSE code END, last_at = UTC_TIMESTAMP(3)
 WHERE id = ?1

-- Ours. When the answer has overtaken it, the dialogue is further than that.
-- :USSD_OURS
UPDATE ussd
   SET outbox_id = ?2, turns = turns + 1, last_op = CASE ?4 WHEN 0 THEN ?3 ELSE last_op END,
       reply = CASE ?4 WHEN 0 THEN NULL ELSE reply END,
       last_at = CASE ?4 WHEN 0 THEN UTC_TIMESTAMP(3) ELSE last_at END
 WHERE id = ?1

-- :USSD_END
UPDATE ussd SET status = 'ended', reply = NULL, reason = ?2, ended_at = UTC_TIMESTAMP(3)
 WHERE id = ?1 AND status = 'open'

-- :USSD_REPEAT
UPDATE inbox SET dup_of = (SELECT u.inbox_id FROM ussd u WHERE u.id = ?2) WHERE arrival = ?1

-- :USSD_QUIET
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM ussd FORCE INDEX (ussd_quiet)
 WHERE open = 1 AND last_at < UTC_TIMESTAMP(3) - INTERVAL ?1 SECOND FOR UPDATE SKIP LOCKED;
UPDATE smsqld_ids k STRAIGHT_JOIN ussd u FORCE INDEX (PRIMARY) ON u.id = k.id
   SET u.status = 'ended', u.reply = NULL, u.reason = ?2, u.ended_at = UTC_TIMESTAMP(3)

-- Rows whose time is over on lanes that nobody claims from.
-- :EXPIRE
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM outbox FORCE INDEX (outbox_expiry)
 WHERE waits_until <= UTC_TIMESTAMP(3) AND status = 'queued' ORDER BY waits_until LIMIT ?1 FOR UPDATE SKIP LOCKED;
UPDATE smsqld_ids k STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = k.id
   SET o.queue = 2, o.status = 'expired', o.done_at = UTC_TIMESTAMP(3),
       o.error_text = 'expired before it was sent'

-- Ranges of outbox, when it is partitioned: those in it, and such as were taken out and not yet dropped.
-- :PARTITION_NEXT
SELECT p.number, max(p.name), min(p.attached)
  FROM (SELECT CAST(substr(i.partition_name, 2) AS signed) AS number, CONVERT(concat('outbox_', i.partition_name) USING utf8mb4) AS name,
               1 AS attached
          FROM information_schema.partitions i
         WHERE i.table_schema = DATABASE() AND i.table_name = 'outbox' AND i.partition_name REGEXP '^p[0-9]{1,12}$'
         UNION ALL
        SELECT CAST(substr(t.table_name, 9) AS signed), CONVERT(t.table_name USING utf8mb4), 0
          FROM information_schema.tables t
         WHERE t.table_schema = DATABASE() AND t.table_name REGEXP '^outbox_p[0-9]{1,12}$') AS p
 WHERE p.number > ?1 GROUP BY p.number ORDER BY p.number LIMIT 1

-- Procedures of partitioned.sql.
-- :PARTITION_AHEAD
CALL smsqld_partition_ahead(?1)

-- :PARTITION_LOOK
CALL smsqld_partition_look(?1, ?2, ?3, ?4, ?5)

-- :PARTITION_TAKE_OUT
CALL smsqld_partition_take_out(?1)

-- :PARTITION_PUT_BACK
CALL smsqld_partition_put_back(?1)

-- :PARTITION_REFS
CALL smsqld_partition_refs(?1, ?2)

-- :PARTITION_DROP
CALL smsqld_partition_drop(?1)

-- What is kept and what goes. KEEP_... looks at the next rows by id, no more than max behind `after`, and
-- deletes those that have ended and are older than keep_s seconds: last is the last id that it has looked
-- at, seen how many, young how many of them are younger than that anyway, gone how many it has
-- deleted, or would have, when dry is 1. Rows that somebody has locked are passed over.
-- :KEEP_TURN
SELECT GET_LOCK(left(concat('smsqld retention ', DATABASE()), 64), 0)

-- :KEEP_OVER
SELECT RELEASE_LOCK(left(concat('smsqld retention ', DATABASE()), 64))

-- What was sent and never confirmed, though a receipt was wanted, goes unconfirmed_s after it was sent
-- (0: never).
-- :KEEP_OUTBOX
SELECT coalesce(max(w.id), 0), count(*), coalesce(sum(w.born >= UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND), 0)
  INTO @smsqld_last, @smsqld_seen, @smsqld_young
  FROM (SELECT id, created_at AS born FROM outbox FORCE INDEX (PRIMARY) WHERE id > ?1 ORDER BY id LIMIT ?2) AS w;
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM outbox FORCE INDEX (PRIMARY)
 WHERE id > ?1 AND id <= @smsqld_last AND queue = 2
   AND CASE WHEN status IN ('delivered', 'undelivered', 'failed', 'expired', 'cancelled')
            THEN coalesce(done_at, created_at) < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
            WHEN status = 'sent' AND receipt = 0 THEN sent_at < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
            WHEN status = 'sent' AND ?5 > 0
            THEN sent_at < UTC_TIMESTAMP(3) - INTERVAL greatest(?4, ?5) SECOND END
   FOR UPDATE SKIP LOCKED;
DELETE p FROM smsqld_ids k STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = k.id
 WHERE ?3 = 0;
DELETE t FROM smsqld_ids k STRAIGHT_JOIN outbox t FORCE INDEX (PRIMARY) ON t.id = k.id WHERE ?3 = 0;
SELECT @smsqld_last, @smsqld_seen, @smsqld_young, (SELECT count(*) FROM smsqld_ids)

-- What the application has taken.
-- :KEEP_INBOX
SELECT coalesce(max(w.id), 0), count(*), coalesce(sum(w.born >= UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND), 0)
  INTO @smsqld_last, @smsqld_seen, @smsqld_young
  FROM (SELECT id, received_at AS born FROM inbox FORCE INDEX (PRIMARY) WHERE id > ?1 ORDER BY id LIMIT ?2) AS w;
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM inbox FORCE INDEX (PRIMARY)
 WHERE id > ?1 AND id <= @smsqld_last AND taken_at < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
   FOR UPDATE SKIP LOCKED;
DELETE t FROM smsqld_ids k STRAIGHT_JOIN inbox t FORCE INDEX (PRIMARY) ON t.id = k.id WHERE ?3 = 0;
SELECT @smsqld_last, @smsqld_seen, @smsqld_young, (SELECT count(*) FROM smsqld_ids)

-- :KEEP_RECEIPT
SELECT coalesce(max(w.id), 0), count(*), coalesce(sum(w.born >= UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND), 0)
  INTO @smsqld_last, @smsqld_seen, @smsqld_young
  FROM (SELECT id, received_at AS born FROM receipt FORCE INDEX (PRIMARY) WHERE id > ?1 ORDER BY id LIMIT ?2) AS w;
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM receipt FORCE INDEX (PRIMARY)
 WHERE id > ?1 AND id <= @smsqld_last AND received_at < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
   FOR UPDATE SKIP LOCKED;
DELETE t FROM smsqld_ids k STRAIGHT_JOIN receipt t FORCE INDEX (PRIMARY) ON t.id = k.id WHERE ?3 = 0;
SELECT @smsqld_last, @smsqld_seen, @smsqld_young, (SELECT count(*) FROM smsqld_ids)

-- :KEEP_COMMAND
SELECT coalesce(max(w.id), 0), count(*), coalesce(sum(w.born >= UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND), 0)
  INTO @smsqld_last, @smsqld_seen, @smsqld_young
  FROM (SELECT id, created_at AS born FROM command FORCE INDEX (PRIMARY) WHERE id > ?1 ORDER BY id LIMIT ?2) AS w;
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM command FORCE INDEX (PRIMARY)
 WHERE id > ?1 AND id <= @smsqld_last AND status IN ('done', 'refused', 'failed')
   AND coalesce(done_at, created_at) < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
   FOR UPDATE SKIP LOCKED;
DELETE t FROM smsqld_ids k STRAIGHT_JOIN command t FORCE INDEX (PRIMARY) ON t.id = k.id WHERE ?3 = 0;
SELECT @smsqld_last, @smsqld_seen, @smsqld_young, (SELECT count(*) FROM smsqld_ids)

-- :KEEP_USSD
SELECT coalesce(max(w.id), 0), count(*), coalesce(sum(w.born >= UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND), 0)
  INTO @smsqld_last, @smsqld_seen, @smsqld_young
  FROM (SELECT id, opened_at AS born FROM ussd FORCE INDEX (PRIMARY) WHERE id > ?1 ORDER BY id LIMIT ?2) AS w;
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT id FROM ussd FORCE INDEX (PRIMARY)
 WHERE id > ?1 AND id <= @smsqld_last AND status = 'ended' AND coalesce(ended_at, last_at) < UTC_TIMESTAMP(3) - INTERVAL ?4 SECOND
   FOR UPDATE SKIP LOCKED;
DELETE t FROM smsqld_ids k STRAIGHT_JOIN ussd t FORCE INDEX (PRIMARY) ON t.id = k.id WHERE ?3 = 0;
SELECT @smsqld_last, @smsqld_seen, @smsqld_young, (SELECT count(*) FROM smsqld_ids)

-- `wanted` is the operator's and stays.
-- :LINK_PUT
INSERT INTO link (gateway, name, driver, state, reason, window_size, queued, unanswered, rate, sent,
                  failed, receipts, received, account, interval_ms, quota_hour, quota_day, quota_month,
                  used_hour, used_day, used_month, used_at, updated_at)
SELECT r.gateway, r.name, r.driver, r.state, r.reason, r.window_size, r.queued, r.unanswered, r.rate, r.sent,
       r.failed, r.receipts, r.received, r.account, r.interval_ms, r.quota_hour, r.quota_day, r.quota_month,
       r.used_hour, r.used_day, r.used_month, '1970-01-01' + INTERVAL nullif(r.used_at_ms, 0) * 1000 MICROSECOND,
       UTC_TIMESTAMP(3)
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         gateway varchar(64) PATH '$[0]', name varchar(64) PATH '$[1]',
         driver varchar(64) PATH '$[2]', state varchar(16) PATH '$[3]',
         reason varchar(500) PATH '$[4]', window_size bigint PATH '$[5]', queued bigint PATH '$[6]',
         unanswered bigint PATH '$[7]', rate bigint PATH '$[8]', sent bigint PATH '$[9]',
         failed bigint PATH '$[10]', receipts bigint PATH '$[11]', received bigint PATH '$[12]',
         account varchar(64) PATH '$[13]', interval_ms bigint PATH '$[14]',
         quota_hour bigint PATH '$[15]', quota_day bigint PATH '$[16]', quota_month bigint PATH '$[17]',
         used_hour bigint PATH '$[18]', used_day bigint PATH '$[19]', used_month bigint PATH '$[20]',
         used_at_ms bigint PATH '$[21]')) AS r
ON DUPLICATE KEY UPDATE
       interval_ms = VALUES(interval_ms), quota_hour = VALUES(quota_hour), quota_day = VALUES(quota_day),
       quota_month = VALUES(quota_month),
       used_hour = CASE WHEN VALUES(used_at) IS NULL THEN link.used_hour ELSE VALUES(used_hour) END,
       used_day = CASE WHEN VALUES(used_at) IS NULL THEN link.used_day ELSE VALUES(used_day) END,
       used_month = CASE WHEN VALUES(used_at) IS NULL THEN link.used_month ELSE VALUES(used_month) END,
       used_at = coalesce(VALUES(used_at), link.used_at),
       since = CASE WHEN link.state = VALUES(state) THEN link.since ELSE VALUES(updated_at) END,
       state = VALUES(state), driver = VALUES(driver), reason = VALUES(reason), window_size = VALUES(window_size), queued = VALUES(queued), unanswered = VALUES(unanswered), rate = VALUES(rate),
       sent = VALUES(sent), failed = VALUES(failed), receipts = VALUES(receipts), received = VALUES(received), account = VALUES(account), updated_at = VALUES(updated_at)

-- :LINK_WANTED
SELECT name, wanted FROM link WHERE gateway = ?1

-- :LINK_USED
SELECT name, used_hour, used_day, used_month, TIMESTAMPDIFF(SECOND, '1970-01-01', used_at)
  FROM link WHERE gateway = ?1 AND used_at IS NOT NULL

-- What smsqlctl asks.

-- :DESK_SEND
INSERT INTO outbox (recipient, body, sender, link) VALUES (?1, ?2, ?3, nullif(?4, ''));
SELECT LAST_INSERT_ID()

-- :DESK_ROW
SELECT id, status, attempts, coalesce(link_used, ''), coalesce(message_id, ''), error_code,
       coalesce(error_text, ''), coalesce(sent_at, ''), coalesce(done_at, '')
  FROM outbox WHERE id = ?1

-- :DESK_STATUS
SELECT status, count(*),
       CASE WHEN status IN ('queued', 'sending', 'sent', 'doubtful', 'held') THEN
            TIMESTAMPDIFF(SECOND, min(created_at), UTC_TIMESTAMP(3)) END
  FROM outbox GROUP BY status ORDER BY status

-- :DESK_UNMATCHED
SELECT link, count(*), TIMESTAMPDIFF(SECOND, min(received_at), UTC_TIMESTAMP(3))
  FROM receipt FORCE INDEX (receipt_unmatched) WHERE outbox_id IS NULL GROUP BY link ORDER BY link

-- :DESK_GATEWAYS
SELECT name, CASE WHEN state = 'running' AND alive_until < SYSDATE(3) THEN 'dead' ELSE state END, host,
       version, alive_until, epoch
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
  FROM outbox FORCE INDEX (outbox_ready)
 WHERE queue IN (0, 1, 3) AND status IN ('queued', 'sending')
 ORDER BY queue = 0, priority, send_after, id LIMIT ?1

-- :DESK_DOUBTFUL
SELECT id, recipient, coalesce(link_used, link, ''), attempts, coalesce(claimed_at, ''),
       CASE kind WHEN 'ussd' THEN 'hold' ELSE coalesce(in_doubt, 'default') END,
       coalesce(error_text, '')
  FROM outbox WHERE status = 'doubtful' AND (?1 = '' OR coalesce(link_used, link) = ?1)
 ORDER BY id LIMIT ?2

-- A turn of a dialogue is never sent again.
-- :DESK_DECIDE
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT o.id
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', decision varchar(16) PATH '$[1]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
 WHERE o.status = 'doubtful' AND (r.decision = 'accept' OR o.kind <> 'ussd') FOR UPDATE;
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]', decision varchar(16) PATH '$[1]')) AS r
  STRAIGHT_JOIN smsqld_ids k ON k.id = r.id
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = k.id
   SET o.status = CASE r.decision WHEN 'accept' THEN 'sent' ELSE 'queued' END,
       o.queue = CASE r.decision WHEN 'accept' THEN 2 ELSE 0 END, o.owner = NULL, o.claim = NULL, o.lane = NULL,
       o.error_code = NULL, o.error_text = NULL,
       o.sent_at = CASE r.decision WHEN 'accept' THEN coalesce(o.sent_at, o.claimed_at) ELSE o.sent_at END,
       o.send_after = CASE r.decision WHEN 'accept' THEN o.send_after ELSE UTC_TIMESTAMP(3) END,
       o.expires_at = CASE WHEN r.decision <> 'accept' AND o.expires_at <= UTC_TIMESTAMP(3) THEN NULL
                           ELSE o.expires_at END;
SELECT id FROM smsqld_ids

-- :DESK_DECIDE_PARTS
UPDATE JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN outbox_part p FORCE INDEX (PRIMARY) ON p.outbox_id = r.id
   SET p.status = 'sent', p.error_code = NULL, p.error_text = NULL
 WHERE p.status = 'doubtful'

-- Nor here: a turn in doubt may have been heard.
-- :DESK_RETRY
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT o.id
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
 WHERE o.status IN ('failed', 'undelivered', 'expired', 'doubtful', 'held', 'cancelled')
   AND (o.status <> 'doubtful' OR o.kind <> 'ussd') FOR UPDATE;
UPDATE smsqld_ids k STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = k.id
   SET o.status = 'queued', o.queue = 0, o.owner = NULL, o.claim = NULL, o.lane = NULL, o.done_at = NULL,
       o.error_code = NULL, o.error_text = NULL, o.send_after = UTC_TIMESTAMP(3),
       o.expires_at = CASE WHEN o.expires_at <= UTC_TIMESTAMP(3) THEN NULL ELSE o.expires_at END;
SELECT id FROM smsqld_ids

-- :DESK_CANCEL
DELETE FROM smsqld_ids;
INSERT INTO smsqld_ids (id)
SELECT o.id
  FROM JSON_TABLE(?rows, '$[*]' COLUMNS (
         id bigint PATH '$[0]')) AS r
  STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = r.id
 WHERE (o.queue IN (0, 3) AND o.status IN ('queued', 'held')) OR o.status IN ('held', 'doubtful') FOR UPDATE;
UPDATE smsqld_ids k STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = k.id
   SET o.status = 'cancelled', o.queue = 2, o.lane = NULL, o.done_at = UTC_TIMESTAMP(3);
SELECT id FROM smsqld_ids

-- :DESK_ASK
INSERT INTO command (what, outbox_id, body) VALUES (?1, ?2, ?3);
SELECT LAST_INSERT_ID()

-- :DESK_COMMAND
SELECT id, what, status, coalesce(answer, ''), coalesce(answer_at, ''), error_code,
       coalesce(error_text, '')
  FROM command WHERE id = ?1

-- :DESK_WANT
UPDATE link SET wanted = ?2 WHERE name = ?1;
SELECT gateway FROM link WHERE name = ?1
