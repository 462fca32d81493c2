-- SPDX-License-Identifier: Apache-2.0
-- statements.sql - every statement of the gateway in PostgreSQL's dialect.
--
-- `-- :NAME` begins a statement; its parameters and rows are listed in engine.h.
-- Shape MANY gets every parameter as an array over all rows, for unnest. Parameters
-- and columns are bigint, text or bytea, hence the casts.
--
-- Plans are made once, often when the tables are still empty, and have to serve when
-- they are not. So nothing is left to estimates: every statement is a probe by an index
-- for each row of its parameters. The session has sequential scans, hash and merge
-- joins switched off; what remains to go wrong is a walk along a whole index, with the
-- parameters inside. Three ways of writing make that impossible, and check_pgsql.c
-- looks at the plans:
--   id BETWEEN r.id AND r.id    an index can search by it, but unlike = it makes no
--                               order of a whole index worth having
--   LATERAL ( ... OFFSET 0)     is not taken apart
--   queue + 0 = 0               a check, and no reason to read the index of the queue
--
-- Two clocks. Conditions on an indexed time ask statement_timestamp(), which stands
-- still in a statement and so can end a walk along an index; clock_timestamp() would
-- be asked row by row, of every row that is scheduled for later. Leases ask
-- clock_timestamp(), because a statement may have waited for a lock.

-- Also those that we have no rights on: then it is the rights that are missing.
-- :TABLES
SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
   AND c.relname IN ('smsqld_schema', 'outbox', 'outbox_part', 'inbox', 'inbox_set', 'inbox_part', 'receipt', 'command', 'ussd', 'gateway', 'link')
 ORDER BY 1

-- :VERSION
SELECT max(version) FROM smsqld_schema

-- :GATEWAY_READ
SELECT epoch, (state = 'running' AND alive_until > clock_timestamp())::int::bigint, host, pid,
       (extract(epoch FROM alive_until - clock_timestamp()) * 1000)::bigint
  FROM gateway WHERE name = $1::text

-- Compare and swap: only from the epoch that was read.
-- :GATEWAY_ENTER
INSERT INTO gateway (name, epoch, state, alive_until, started_at, version, host, pid)
VALUES ($1::text, $3::bigint, 'running', clock_timestamp() + $4::bigint * interval '1 ms',
        clock_timestamp(), $5::text, $6::text, $7::bigint)
ON CONFLICT (name) DO UPDATE
   SET epoch = excluded.epoch, state = excluded.state, alive_until = excluded.alive_until,
       started_at = excluded.started_at, version = excluded.version, host = excluded.host,
       pid = excluded.pid
 WHERE gateway.epoch = $2::bigint

-- Also when it had ended, as long as nobody has buried it: BURY and its RECOVER are one transaction.
-- :GATEWAY_BEAT
UPDATE gateway SET alive_until = clock_timestamp() + $3::bigint * interval '1 ms'
 WHERE name = $1::text AND epoch = $2::bigint AND state = 'running'

-- :GATEWAY_LEAVE
UPDATE gateway SET state = 'stopped', alive_until = clock_timestamp()
 WHERE name = $1::text AND epoch = $2::bigint

-- :GATEWAY_DEAD
SELECT name, epoch FROM gateway WHERE state = 'running' AND alive_until < clock_timestamp()

-- :GATEWAY_BURY
UPDATE gateway SET state = 'dead'
 WHERE name = $1::text AND epoch = $2::bigint AND state = 'running'
   AND alive_until < clock_timestamp()

-- Rows of a gateway that is gone: back to the queue, or in doubt. A turn of a dialogue is never
-- sent again.
-- :RECOVER
UPDATE outbox
   SET queue = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, $2::text) = 'resend' THEN 0 ELSE 2 END,
       status = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, $2::text) = 'resend' THEN 'queued'::sms_status
                                                  ELSE 'doubtful'::sms_status END,
       owner = CASE WHEN kind <> 'ussd' AND coalesce(in_doubt, $2::text) = 'resend' THEN NULL ELSE owner END,
       claim = NULL, error_text = $3::text
 WHERE queue = 1 AND owner = $1::text

-- Each priority is a range of its own in the index, so that rows scheduled for
-- later are never walked over; an idle claim is ten probes. Rows are locked as they
-- are found, no more than are taken, and those that another claim has locked are
-- passed over. A row that the application took back (status alone was changed) or
-- that has expired leaves the queue here. (Infinite times are no numbers.)
-- floors: a time in Unix milliseconds for each priority, or nothing, separated by commas; rows of
-- before that are left for a later claim. While somebody holds a snapshot open, entries
-- of the index whose rows are gone from the queue stay, and each claim would walk over all
-- of them.
-- :CLAIM
WITH picked AS MATERIALIZED (
  SELECT one.id
    FROM generate_series(0, 9) AS level (n)
   CROSS JOIN LATERAL (
         SELECT o.id FROM outbox o
          WHERE o.queue = 0 AND o.route = $3::text AND o.priority = level.n::smallint
            AND o.send_after <= statement_timestamp()
            AND o.send_after >= coalesce(to_timestamp(nullif(split_part($5::text, ',', level.n + 1), '')::bigint
                                                      / 1000.0), '-infinity')
          ORDER BY o.send_after, o.id
          LIMIT $4::bigint
            FOR NO KEY UPDATE SKIP LOCKED) AS one
   LIMIT $4::bigint)
UPDATE outbox o
   SET queue = CASE WHEN o.status <> 'queued' OR o.expires_at <= statement_timestamp() THEN 2 ELSE 1 END,
       status = CASE WHEN o.status <> 'queued' THEN o.status
                     WHEN o.expires_at <= statement_timestamp() THEN 'expired'::sms_status
                     ELSE 'sending'::sms_status END,
       error_text = CASE WHEN o.status = 'queued' AND o.expires_at <= statement_timestamp()
                         THEN 'expired before it was sent' ELSE o.error_text END,
       done_at = CASE WHEN o.status = 'cancelled'
                        OR (o.status = 'queued' AND o.expires_at <= statement_timestamp())
                      THEN statement_timestamp() ELSE o.done_at END,
       owner = $1::text, claim = $2::bigint, lane = NULL, claimed_at = statement_timestamp(),
       attempts = o.attempts + (o.status = 'queued')::int
  FROM picked
 WHERE o.id BETWEEN picked.id AND picked.id AND o.queue + 0 = 0
RETURNING o.id, o.priority::bigint,
       CASE WHEN isfinite(o.send_after) THEN (extract(epoch FROM o.send_after) * 1000)::bigint ELSE 0 END,
       o.status::text, o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data,
       o.options::text, o.receipt::int::bigint, o.in_doubt, o.attempts::bigint,
       CASE WHEN isfinite(o.expires_at) THEN floor(extract(epoch FROM o.expires_at))::bigint END,
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT string_agg(p.part || ':' || p.digest, ',' ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END

-- :CLAIM_PARKED
WITH picked AS MATERIALIZED (
  SELECT one.id
    FROM generate_series(0, 9) AS level (n)
   CROSS JOIN LATERAL (
         SELECT o.id FROM outbox o
          WHERE o.queue = 3 AND o.lane = $3::text AND o.priority = level.n::smallint
            AND o.send_after <= statement_timestamp()
          ORDER BY o.send_after, o.id
          LIMIT $4::bigint
            FOR NO KEY UPDATE SKIP LOCKED) AS one
   LIMIT $4::bigint)
UPDATE outbox o
   SET queue = CASE WHEN o.status <> 'queued' OR o.expires_at <= statement_timestamp() THEN 2 ELSE 1 END,
       status = CASE WHEN o.status <> 'queued' THEN o.status
                     WHEN o.expires_at <= statement_timestamp() THEN 'expired'::sms_status
                     ELSE 'sending'::sms_status END,
       error_text = CASE WHEN o.status = 'queued' AND o.expires_at <= statement_timestamp()
                         THEN 'expired before it was sent' ELSE o.error_text END,
       done_at = CASE WHEN o.status = 'cancelled'
                        OR (o.status = 'queued' AND o.expires_at <= statement_timestamp())
                      THEN statement_timestamp() ELSE o.done_at END,
       owner = $1::text, claim = $2::bigint, lane = NULL, claimed_at = statement_timestamp(),
       attempts = o.attempts + (o.status = 'queued')::int
  FROM picked
 WHERE o.id BETWEEN picked.id AND picked.id AND o.queue + 0 = 3
RETURNING o.id, o.priority::bigint,
       CASE WHEN isfinite(o.send_after) THEN (extract(epoch FROM o.send_after) * 1000)::bigint ELSE 0 END,
       o.status::text, o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data,
       o.options::text, o.receipt::int::bigint, o.in_doubt, o.attempts::bigint,
       CASE WHEN isfinite(o.expires_at) THEN floor(extract(epoch FROM o.expires_at))::bigint END,
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT string_agg(p.part || ':' || p.digest, ',' ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END

-- :CLAIM_READ
SELECT o.id, o.priority::bigint,
       CASE WHEN isfinite(o.send_after) THEN (extract(epoch FROM o.send_after) * 1000)::bigint ELSE 0 END,
       o.status::text, o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data,
       o.options::text, o.receipt::int::bigint, o.in_doubt, o.attempts::bigint,
       CASE WHEN isfinite(o.expires_at) THEN floor(extract(epoch FROM o.expires_at))::bigint END,
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT string_agg(p.part || ':' || p.digest, ',' ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM outbox o
 WHERE o.queue = 1 AND o.owner = $1::text AND ($2::bigint IS NULL OR o.claim = $2::bigint)

-- Rows that were put in doubt before their journal was read.
-- :CLAIM_DOUBTED
SELECT o.id, o.priority::bigint,
       CASE WHEN isfinite(o.send_after) THEN (extract(epoch FROM o.send_after) * 1000)::bigint ELSE 0 END,
       'sending', o.route, coalesce(o.link, ''), o.sender, o.recipient, o.kind, o.body, o.data,
       o.options::text, o.receipt::int::bigint, o.in_doubt, o.attempts::bigint,
       CASE WHEN isfinite(o.expires_at) THEN floor(extract(epoch FROM o.expires_at))::bigint END,
       CASE WHEN o.attempts > 1 AND o.parts > 1 THEN
            (SELECT string_agg(p.part || ':' || p.digest, ',' ORDER BY p.part) FROM outbox_part p
              WHERE p.outbox_id = o.id AND p.status IN ('sent', 'delivered')) END
  FROM unnest($1::bigint[], $2::text[]) AS r (id, owner)
  JOIN outbox o ON o.id = r.id AND o.owner = r.owner AND o.status = 'doubtful'

-- Only what this owner still holds.
-- :SETTLE
UPDATE outbox o
   SET status = r.status::sms_status, queue = r.queue, lane = nullif(r.lane, ''),
       send_after = CASE WHEN r.retry_ms > 0
                         THEN clock_timestamp() + r.retry_ms * interval '1 ms'
                         ELSE o.send_after END,
       attempts = o.attempts - r.untried,
       link_used = coalesce(nullif(r.link, ''), o.link_used),
       parts = coalesce(nullif(r.parts, 0), o.parts),
       encoding = coalesce(nullif(r.encoding, ''), o.encoding),
       message_id = coalesce(nullif(r.message_id, ''), o.message_id),
       error_code = nullif(r.code, 0), error_text = nullif(r.text, ''),
       sent_at = CASE WHEN r.status = 'sent' THEN clock_timestamp() ELSE o.sent_at END,
       done_at = CASE WHEN r.status IN ('failed', 'expired') THEN clock_timestamp()
                      ELSE o.done_at END,
       owner = CASE WHEN r.queue IN (0, 3) THEN NULL ELSE o.owner END
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[],
              $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::text[],
              $13::text[])
       AS r (id, owner, status, queue, lane, retry_ms, untried, link, parts, message_id, code, text,
             encoding)
 WHERE o.id BETWEEN r.id AND r.id AND o.owner = r.owner AND (o.queue = 1 OR o.status = 'doubtful')

-- A part that the network has stays, unless it is cut anew and another one.
-- :PART_PUT
INSERT INTO outbox_part (outbox_id, part, link, message_id, status, error_code, error_text, digest, recipient)
SELECT r.id, r.part, r.link, r.message_id, r.status::sms_status, nullif(r.code, 0), nullif(r.text, ''),
       r.digest, r.recipient
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
              $8::bigint[], $9::text[])
       AS r (id, part, link, message_id, status, code, text, digest, recipient)
ON CONFLICT (outbox_id, part, recipient) DO UPDATE
   SET link = excluded.link, message_id = excluded.message_id, status = excluded.status,
       error_code = excluded.error_code, error_text = excluded.error_text,
       digest = excluded.digest
 WHERE outbox_part.digest <> excluded.digest
    OR (outbox_part.status NOT IN ('sent', 'delivered')
   AND NOT (outbox_part.status = 'undelivered' AND outbox_part.message_id = excluded.message_id))

-- Receipts that came before the message's own id was known.
-- :OVERTAKEN
SELECT c.* FROM unnest($1::text[], $2::text[]) AS r (link, key)
 CROSS JOIN LATERAL (
       SELECT c.id, c.link, c.message_id, c.recipient, c.status::text, c.word, coalesce(c.error_code, 0),
              coalesce(c.error_text, ''), (extract(epoch FROM c.done_at) * 1000)::bigint, c.other_ids
         FROM receipt c
        WHERE c.link = r.link AND ltrim(lower(c.message_id COLLATE "C"), '0') = r.key
          AND c.outbox_id IS NULL
       OFFSET 0) AS c
 ORDER BY c.id

-- Forward only: what is final stays, but for undelivered that becomes delivered. A
-- recipient, digits, has to agree in its last seven; '' asks for none. When several
-- receipts are of one row, it becomes what they make of it one after the other: that
-- is delivered if one of them says so, else the first that says undelivered, else the
-- last. No column that is written is in an index, so the new version of the row stays
-- on its page. (id + 0: the newest of a few, not a walk down the primary key.)
-- :CONFIRM
WITH found AS MATERIALIZED (
  SELECT r.n, r.status, r.code, r.text, newest.id
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
         AS r (n, link, key, recipient, status, code, text)
   CROSS JOIN LATERAL (
         SELECT o.id FROM outbox o
          WHERE o.link_used = r.link AND ltrim(lower(o.message_id COLLATE "C"), '0') = r.key
            AND o.message_id IS NOT NULL AND coalesce(o.parts, 1) = 1
            AND (r.recipient = ''
                 OR right(regexp_replace(o.recipient, '[^0-9]', '', 'g'), 7) = right(r.recipient, 7))
          ORDER BY o.id + 0 DESC LIMIT 1) AS newest),
told AS (
  SELECT DISTINCT ON (id) id, status, code, text FROM found
   ORDER BY id, status <> 'delivered', status <> 'undelivered', CASE status WHEN 'sent' THEN -n ELSE n END),
moved AS (
  UPDATE outbox o
     SET status = told.status::sms_status, error_code = nullif(told.code, 0),
         error_text = nullif(told.text, ''),
         done_at = CASE WHEN told.status <> 'sent' THEN clock_timestamp() ELSE o.done_at END
    FROM told
   WHERE o.id BETWEEN told.id AND told.id
     AND (o.status IN ('sent', 'doubtful') OR (o.status = 'undelivered' AND told.status = 'delivered')))
SELECT n, id FROM found

-- Of one message to several the id is that of all: which of them is told by the number that
-- the receipt is from, source, as nearly as it agrees.
-- :CONFIRM_PART
WITH found AS MATERIALIZED (
  SELECT r.n, r.status, r.code, r.text, newest.outbox_id, newest.part, newest.recipient
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                $8::text[])
         AS r (n, link, key, recipient, status, code, text, source)
   CROSS JOIN LATERAL (
         SELECT p.outbox_id, p.part, p.recipient FROM outbox_part p
          WHERE p.link = r.link AND ltrim(lower(p.message_id COLLATE "C"), '0') = r.key
            AND p.message_id <> ''
            AND CASE p.recipient WHEN '' THEN r.recipient = ''
                 OR (SELECT right(regexp_replace(o.recipient, '[^0-9]', '', 'g'), 7)
                       FROM outbox o WHERE o.id = p.outbox_id) = right(r.recipient, 7)
                ELSE right(translate(p.recipient, '+ -./()', ''), 7) = right(r.source, 7) END
          ORDER BY p.outbox_id + 0 DESC, translate(p.recipient, '+ -./()', '') = r.source DESC,
                   right(translate(p.recipient, '+ -./()', ''), 9) = right(r.source, 9) DESC
          LIMIT 1) AS newest),
told AS (
  SELECT DISTINCT ON (outbox_id, part, recipient) outbox_id, part, recipient, status, code, text FROM found
   ORDER BY outbox_id, part, recipient, status <> 'delivered', status <> 'undelivered',
            CASE status WHEN 'sent' THEN -n ELSE n END),
moved AS (
  UPDATE outbox_part p
     SET status = told.status::sms_status, error_code = nullif(told.code, 0),
         error_text = nullif(told.text, '')
    FROM told
   WHERE p.outbox_id BETWEEN told.outbox_id AND told.outbox_id
     AND p.part BETWEEN told.part AND told.part AND p.recipient = told.recipient
     AND (p.status IN ('sent', 'doubtful') OR (p.status = 'undelivered' AND told.status = 'delivered')))
SELECT n, outbox_id FROM found

-- Of two gateways that are told of the last two parts at a time each would see a message of which one is
-- missing. So the second waits for the first, and sees its part in the next statement.
-- :FOLD_LOCK
SELECT o.id
  FROM unnest($1::bigint[]) AS r (id)
 CROSS JOIN LATERAL (SELECT id FROM outbox WHERE id BETWEEN r.id AND r.id FOR NO KEY UPDATE) AS o

-- A message of several parts is what its parts are, once all are final. Code and text
-- are those of the first part that was not delivered. So is one to several recipients,
-- some of which may have been refused.
-- :FOLD
UPDATE outbox o
   SET status = whole.word::sms_status, error_code = whole.code,
       error_text = CASE WHEN whole.word = 'undelivered' AND whole.recipients > 1
                         THEN whole.missed || ' of ' || whole.recipients ||
                              ' recipients not reached: see outbox_part'
                         ELSE whole.text END,
       done_at = clock_timestamp()
  FROM unnest($1::bigint[]) AS r (id)
 CROSS JOIN LATERAL (
       SELECT count(*) AS n,
              CASE WHEN bool_and(p.status = 'delivered') THEN 'delivered'
                   WHEN bool_and(p.status IN ('delivered', 'undelivered')
                                 OR (p.status = 'failed' AND p.recipient <> '')) THEN 'undelivered'
              END AS word,
              count(DISTINCT p.recipient) AS recipients,
              count(DISTINCT p.recipient) FILTER (WHERE p.status <> 'delivered') AS missed,
              (array_agg(p.error_code ORDER BY p.part) FILTER (WHERE p.status = 'undelivered'))[1] AS code,
              (array_agg(p.error_text ORDER BY p.part) FILTER (WHERE p.status = 'undelivered'))[1] AS text
         FROM outbox w JOIN outbox_part p ON p.outbox_id = w.id AND p.part <= w.parts /
              greatest(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q WHERE q.outbox_id = w.id))
        WHERE w.id = r.id) AS whole
 WHERE o.id BETWEEN r.id AND r.id AND o.parts = whole.n AND whole.word IS NOT NULL
   AND (o.status IN ('sent', 'doubtful') OR (o.status = 'undelivered' AND whole.word = 'delivered'))

-- What the network said too late of a message of one part. A row in doubt is settled; one
-- that waits to be sent again has arrived already.
-- :LATE
UPDATE outbox o
   SET status = r.status::sms_status, queue = CASE r.status WHEN 'queued' THEN 0 ELSE 2 END,
       owner = CASE r.status WHEN 'queued' THEN NULL ELSE o.owner END, lane = NULL,
       message_id = coalesce(nullif(r.message_id, ''), o.message_id),
       error_code = nullif(r.code, 0), error_text = nullif(r.text, ''),
       sent_at = CASE r.status WHEN 'sent' THEN clock_timestamp() ELSE o.sent_at END,
       done_at = CASE r.status WHEN 'failed' THEN clock_timestamp() ELSE o.done_at END
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
              $7::text[], $8::bigint[], $9::text[])
       AS r (id, link, attempt, part, parts, message_id, status, code, text)
 WHERE o.id BETWEEN r.id AND r.id AND r.parts = 1 AND o.link_used = r.link AND o.attempts = r.attempt
   AND (o.status = 'doubtful' OR (o.status = 'queued' AND o.queue + 0 IN (0, 3) AND r.status = 'sent'))

-- The same of a part of several; LATE_FOLD then looks at the whole.
-- :LATE_PART
UPDATE outbox_part p
   SET status = r.status::sms_status, message_id = coalesce(nullif(r.message_id, ''), p.message_id),
       error_code = nullif(r.code, 0), error_text = nullif(r.text, '')
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
              $7::text[], $8::bigint[], $9::text[])
       AS r (id, link, attempt, part, parts, message_id, status, code, text),
       LATERAL (SELECT o.attempts FROM outbox o WHERE o.id = r.id OFFSET 0) AS o
 WHERE p.outbox_id BETWEEN r.id AND r.id AND p.part = r.part AND p.link = r.link AND r.parts > 1
   AND o.attempts = r.attempt
   AND (p.status = 'doubtful' OR (p.status = 'queued' AND r.status = 'sent'))

-- A row in doubt none of whose parts is any more.
-- :LATE_FOLD
UPDATE outbox o
   SET status = whole.word::sms_status, queue = CASE whole.word WHEN 'queued' THEN 0 ELSE 2 END,
       owner = CASE whole.word WHEN 'queued' THEN NULL ELSE o.owner END,
       error_code = CASE whole.word WHEN 'sent' THEN NULL ELSE o.error_code END,
       error_text = CASE whole.word WHEN 'sent' THEN NULL ELSE o.error_text END,
       sent_at = CASE whole.word WHEN 'sent' THEN clock_timestamp() ELSE o.sent_at END,
       done_at = CASE whole.word WHEN 'failed' THEN clock_timestamp() ELSE o.done_at END
  FROM unnest($1::bigint[]) AS r (id)
 CROSS JOIN LATERAL (
       SELECT count(*) AS n,
              CASE WHEN bool_or(p.status = 'doubtful') THEN NULL
                   WHEN bool_or(p.status = 'failed' AND p.recipient = '') OR bool_and(p.status = 'failed')
                        THEN 'failed'
                   WHEN bool_or(p.status = 'queued') THEN 'queued' ELSE 'sent' END AS word
         FROM outbox w JOIN outbox_part p ON p.outbox_id = w.id AND p.part <= w.parts /
              greatest(1, (SELECT count(DISTINCT q.recipient) FROM outbox_part q WHERE q.outbox_id = w.id))
        WHERE w.id = r.id) AS whole
 WHERE o.id BETWEEN r.id AND r.id AND o.status = 'doubtful' AND o.parts = whole.n
   AND whole.word IS NOT NULL

-- Other links of the same account: a receipt may have come in on another one than its
-- message went out by.
-- :SIBLINGS
SELECT DISTINCT r.link, s.name
  FROM unnest($1::text[]) AS r (link)
  JOIN link m ON m.name = r.link AND m.account <> ''
  JOIN link s ON s.account = m.account AND s.name <> m.name
 ORDER BY 1, 2

-- :RECEIPT_PUT
INSERT INTO receipt (link, message_id, recipient, status, word, error_code, error_text, done_at, outbox_id,
                     other_ids)
SELECT r.link, r.message_id, r.recipient, r.status::sms_status, r.word, nullif(r.code, 0),
       nullif(r.text, ''), to_timestamp(r.done_at_ms / 1000.0), r.outbox_id, r.other_ids
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
              $8::bigint[], $9::bigint[], $10::text[])
       AS r (link, message_id, recipient, status, word, code, text, done_at_ms, outbox_id, other_ids)

-- :RECEIPT_MATCHED
UPDATE receipt c SET outbox_id = r.outbox_id
  FROM unnest($1::bigint[], $2::bigint[]) AS r (id, outbox_id)
 WHERE c.id BETWEEN r.id AND r.id

-- A walk, oldest first, from behind the receipt that was the last one of the call before.
-- :RECEIPT_OPEN
SELECT c.id, c.link, c.message_id, c.recipient, c.status::text, c.word, coalesce(c.error_code, 0),
       coalesce(c.error_text, ''), (extract(epoch FROM c.done_at) * 1000)::bigint, c.other_ids,
       (extract(epoch FROM c.received_at) * 1000)::bigint
  FROM receipt c
 WHERE c.outbox_id IS NULL AND c.received_at > statement_timestamp() - $2::bigint * interval '1 s'
   AND (c.received_at, c.id) > ('epoch'::timestamptz + $3::bigint * interval '1 ms', $4::bigint)
 ORDER BY c.received_at, c.id LIMIT $1::bigint
   FOR NO KEY UPDATE SKIP LOCKED

-- :INBOX_PUT
INSERT INTO inbox (arrival, link, sender, recipient, kind, body, data, udh, encoding, options, parts,
                   missing, network_time, received_at, outbox_id)
SELECT r.arrival, r.link, r.sender, r.recipient, r.kind, r.body, r.data, r.udh, r.encoding,
       r.options::jsonb, r.parts, r.missing, to_timestamp(r.network_at_ms / 1000.0),
       coalesce(to_timestamp(r.received_at_ms / 1000.0), clock_timestamp()), r.outbox_id
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[],
              $8::bytea[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
              $14::bigint[], $15::bigint[])
       AS r (arrival, link, sender, recipient, kind, body, data, udh, encoding, options, parts,
             missing, network_at_ms, received_at_ms, outbox_id)
ON CONFLICT (arrival) DO NOTHING

-- Which of these parts are stored already.
-- :JOIN_KNOWN
SELECT r.n
  FROM unnest($1::bigint[], $2::text[]) AS r (n, arrival),
       LATERAL (SELECT 1 FROM inbox_part p WHERE p.arrival = r.arrival OFFSET 0) AS known

-- The open sets of these keys, made when there is none; locked until the commit.
-- :JOIN_OPEN
INSERT INTO inbox_set AS s (link, sender, recipient, wide, ref, parts)
SELECT r.link, r.sender, r.recipient, r.wide, r.ref, r.parts
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
       AS r (link, sender, recipient, wide, ref, parts)
ON CONFLICT (link, sender, recipient, wide, ref, parts) WHERE letter IS NULL
   DO UPDATE SET last_at = clock_timestamp()
RETURNING s.id, s.link, s.sender, s.recipient, s.wide::bigint, s.ref::bigint, s.parts::bigint

-- :JOIN_READ
SELECT s.id, p.part::bigint, p.arrival, s.link, s.sender, s.recipient, s.wide::bigint, s.ref::bigint,
       s.parts::bigint, p.charset, p.data_coding::bigint, p.protocol_id::bigint, p.octets, p.udh,
       p.options, p.received_at, p.network_at
  FROM unnest($1::bigint[]) AS r (id),
       LATERAL (SELECT * FROM inbox_set s WHERE s.id = r.id OFFSET 0) AS s,
       LATERAL (SELECT * FROM inbox_part p WHERE p.set_id = r.id OFFSET 0) AS p
 ORDER BY r.id, p.part

-- :JOIN_PUT
INSERT INTO inbox_part (set_id, part, arrival, charset, data_coding, protocol_id, octets, udh, options,
                        received_at, network_at)
SELECT r.id, r.part, r.arrival, r.charset, r.data_coding, r.protocol_id, r.octets, r.udh, r.options,
       r.received_at, r.network_at
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
              $7::bytea[], $8::bytea[], $9::text[], $10::bigint[], $11::bigint[])
       AS r (id, part, arrival, charset, data_coding, protocol_id, octets, udh, options, received_at,
             network_at)
ON CONFLICT DO NOTHING

-- :JOIN_CLOSE
UPDATE inbox_set s SET letter = r.letter, last_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::text[]) AS r (id, letter)
 WHERE s.id BETWEEN r.id AND r.id AND coalesce(s.letter, '') = ''

-- A whole set that says what an earlier one of its key said.
-- :JOIN_REPEATS
UPDATE inbox i SET dup_of = k.id
  FROM unnest($1::bigint[], $2::text[]) AS r (id, letter),
       LATERAL (SELECT * FROM inbox n WHERE n.arrival = r.letter OFFSET 0) AS n,
       LATERAL (SELECT * FROM inbox_set s WHERE s.id = r.id OFFSET 0) AS s,
       LATERAL (SELECT min(b.id) AS id
                  FROM (SELECT letter FROM inbox_set o
                         WHERE o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient
                           AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
                           AND coalesce(o.letter, '') <> '' AND o.id + 0 < s.id OFFSET 0) AS o,
                       LATERAL (SELECT * FROM inbox b WHERE b.arrival = o.letter OFFSET 0) AS b
                 WHERE b.arrival <> n.arrival AND b.body IS NOT DISTINCT FROM n.body
                   AND b.data IS NOT DISTINCT FROM n.data OFFSET 0) AS k
 WHERE i.id BETWEEN n.id AND n.id AND k.id IS NOT NULL

-- Sets that hold nothing but repeats of parts of an earlier one, with its letter.
-- :JOIN_ECHO
SELECT s.id, k.letter
  FROM unnest($1::bigint[]) AS r (id) JOIN inbox_set s ON s.id BETWEEN r.id AND r.id,
       LATERAL (SELECT o.letter FROM inbox_set o
                 WHERE o.link = s.link AND o.sender = s.sender AND o.recipient = s.recipient AND o.wide = s.wide AND o.ref = s.ref AND o.parts = s.parts
                   AND coalesce(o.letter, '') <> '' AND o.id + 0 < s.id AND NOT EXISTS (
                       SELECT 1 FROM inbox_part p
                        WHERE p.set_id = s.id AND NOT EXISTS (
                              SELECT 1 FROM inbox_part q
                               WHERE q.set_id = o.id AND q.part = p.part
                                 AND q.octets IS NOT DISTINCT FROM p.octets))
                 ORDER BY o.id + 0 LIMIT 1) AS k

-- Open sets that waited long enough, and the oldest of those that are too many.
-- :JOIN_OVERDUE
SELECT id FROM inbox_set
 WHERE letter IS NULL AND id = ANY (ARRAY (
       SELECT s.id
         FROM (SELECT id, last_at, opened_at,
                      row_number() OVER (PARTITION BY link ORDER BY last_at DESC, id DESC) AS of_link,
                      row_number() OVER (PARTITION BY link, sender
                                             ORDER BY last_at DESC, id DESC) AS of_sender
                 FROM inbox_set WHERE letter IS NULL) AS s
        WHERE s.last_at < statement_timestamp() - $1::bigint * interval '1 second'
           OR s.opened_at < statement_timestamp() - $2::bigint * interval '1 second'
           OR s.of_link > $3::bigint OR s.of_sender > $4::bigint
        LIMIT $5::bigint))
   FOR UPDATE SKIP LOCKED

-- Closed sets that nobody will repeat any more.
-- :JOIN_FORGET
DELETE FROM inbox_set
 WHERE id = ANY (ARRAY (
       SELECT id FROM inbox_set
        WHERE letter IS NOT NULL
          AND last_at < statement_timestamp() - $1::bigint * interval '1 second'
        LIMIT $2::bigint FOR UPDATE SKIP LOCKED))
RETURNING id

-- :JOIN_DROP
DELETE FROM inbox_part p USING unnest($1::bigint[]) AS r (id) WHERE p.set_id BETWEEN r.id AND r.id

-- Is anything asked of the network? All that an idle gateway asks of table command. (The
-- second condition is always true; it makes this a search.)
-- :COMMAND_ANY
SELECT id FROM command WHERE status = 'asked' AND id > 0 ORDER BY id LIMIT 1

-- What can be asked now, or never: those for links that are up here, or of which nobody
-- knows; and the message, as it was sent. One that is being sent is waited for.
-- :COMMAND_LOOK
SELECT c.id, c.what, c.attempts::bigint, coalesce(c.outbox_id, 0), coalesce(c.link, ''),
       coalesce(c.message_id, ''), c.sender, c.recipient, c.body, c.options::text,
       coalesce(c.error_text, ''), l.known, (o.id IS NOT NULL)::int::bigint,
       coalesce(o.status::text, ''), coalesce(o.queue, 2)::bigint, coalesce(o.link_used, ''),
       coalesce(o.message_id, ''), o.sender, o.recipient, o.kind, o.options::text,
       coalesce(o.receipt, true)::int::bigint, coalesce(o.parts, 1)::bigint, o.encoding
  FROM command c
  LEFT JOIN LATERAL (SELECT * FROM outbox w WHERE w.id = c.outbox_id OFFSET 0) AS o ON true
 CROSS JOIN LATERAL (
       SELECT count(*) AS known, coalesce(bool_or(k.gateway = $1::text AND k.state IN ('up', 'resting')), false) AS up
         FROM link k WHERE k.name = coalesce(o.link_used, c.link)) AS l
 WHERE c.status = 'asked' AND c.id > 0 AND (o.id IS NULL OR o.status <> 'sending')
   AND (l.known = 0 OR l.up)
 ORDER BY c.id LIMIT $2::bigint
   FOR NO KEY UPDATE OF c SKIP LOCKED

-- The network's ids of messages in parts, but for what it refused.
-- :COMMAND_IDS
SELECT r.n, p.part::bigint, p.message_id
  FROM unnest($1::bigint[], $2::bigint[]) AS r (n, id),
       LATERAL (SELECT * FROM outbox_part p WHERE p.outbox_id = r.id OFFSET 0) AS p
 WHERE NOT (p.status = 'failed' AND p.message_id = '')
 ORDER BY r.n, p.part

-- (Its status is looked at, and no reason to read one of the indexes by it.)
-- :COMMAND_TAKE
UPDATE command c
   SET status = 'sending', owner = r.owner, claimed_at = clock_timestamp(), attempts = c.attempts + 1
  FROM unnest($1::bigint[], $2::text[]) AS r (id, owner)
 WHERE c.id BETWEEN r.id AND r.id AND coalesce(c.status, '') = 'asked'

-- Only what this owner still holds.
-- :COMMAND_SETTLE
UPDATE command c
   SET status = r.status, owner = CASE r.status WHEN 'asked' THEN NULL ELSE c.owner END,
       attempts = c.attempts - r.untried,
       answer = nullif(r.answer, ''), answer_at = to_timestamp(r.answer_at_ms / 1000.0),
       error_code = nullif(r.code, 0), error_text = nullif(r.text, ''),
       done_at = CASE r.status WHEN 'asked' THEN NULL ELSE clock_timestamp() END
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
              $8::bigint[])
       AS r (id, owner, status, answer, answer_at_ms, code, text, untried)
 WHERE c.id BETWEEN r.id AND r.id AND coalesce(c.status, '') = 'sending'
   AND c.owner = r.owner

-- What the network did to a message of outbox. A receipt may have told already that it
-- deleted what it was asked to cancel; other final states stay.
-- :COMMAND_APPLY
UPDATE outbox o
   SET body = CASE c.what WHEN 'replace' THEN c.body ELSE o.body END,
       status = CASE c.what WHEN 'cancel' THEN 'cancelled' ELSE o.status END,
       done_at = CASE c.what WHEN 'cancel' THEN clock_timestamp() ELSE o.done_at END
  FROM unnest($1::bigint[]) AS r (id),
       LATERAL (SELECT * FROM command c WHERE c.id = r.id OFFSET 0) AS c
 WHERE o.id BETWEEN c.outbox_id AND c.outbox_id AND c.status = 'done'
   AND (c.what = 'replace' OR (c.what = 'cancel' AND (o.status IN ('sent', 'doubtful')
        OR (o.status = 'undelivered' AND o.done_at >= c.claimed_at))))

-- Commands of a gateway that is gone: asking again does no harm.
-- :COMMAND_RECOVER
UPDATE command SET status = 'asked', owner = NULL
 WHERE status = 'sending' AND owner = $1::text

-- The dialogue of a handset: open before ended, that of the session before a push without
-- one, and then the last. A handset is found with or without its +. same: the handset's last
-- text is that of the arrival; seen: this turn is in it already; passed: the handset has
-- said something since the outbox row was claimed. A confirmation may name the dialogue of a notice that had no number.
-- :USSD_READ
SELECT u.id, (u.status = 'open')::int::bigint, u.session, u.last_op, u.sequence::bigint,
       (u.reply IS NOT NULL)::int::bigint,
       extract(epoch FROM clock_timestamp() - u.opened_at)::bigint,
       extract(epoch FROM clock_timestamp() - u.last_at)::bigint,
       (EXISTS (SELECT 1 FROM inbox a WHERE a.arrival = $4::text
                   AND a.body IS NOT DISTINCT FROM (SELECT b.body FROM inbox b WHERE b.id = u.inbox_id)
                   AND u.inbox_id IS NOT NULL))::int::bigint,
       coalesce(u.inbox_id >= (SELECT a.id FROM inbox a WHERE a.arrival = $4::text), false)::int::bigint,
       coalesce(u.outbox_id = $5::bigint, false)::int::bigint,
       coalesce(u.last_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = $5::bigint),
           false)::int::bigint
  FROM ussd u
 WHERE u.link = $1::text AND u.msisdn IN ($2::text, '+' || $2::text)
   AND (u.session = $3::bigint
        OR ($6::bigint = 1 AND u.session = -1 AND u.last_op IN ('notify', 'confirm'))
        OR (u.status = 'open'
            AND (u.session = -1
                 OR ($3::bigint = -1
                     AND u.opened_at > (SELECT o.claimed_at FROM outbox o WHERE o.id = $5::bigint)))))
 ORDER BY coalesce(u.outbox_id = $5::bigint, false) DESC, (u.status = 'open' AND u.session = $3::bigint) DESC,
          u.status = 'open' DESC, u.id DESC
 LIMIT 1 FOR UPDATE OF u

-- :USSD_OPEN
INSERT INTO ussd (link, msisdn, code, session, sequence, last_op, reply, inbox_id, outbox_id, turns)
VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::bigint, $6::text, $7::text::jsonb,
        (SELECT id FROM inbox WHERE arrival = $8::text), $9::bigint, 1)
ON CONFLICT (link, msisdn, session) WHERE status = 'open' DO NOTHING

-- The handset's. One that is over stays over.
-- :USSD_TURN
UPDATE ussd
   SET session = $2::bigint, sequence = $3::bigint, last_op = $4::text, turns = turns + 1,
       reply = CASE status WHEN 'open' THEN $5::text::jsonb END,
       inbox_id = (SELECT id FROM inbox WHERE arrival = $6::text),
       code = CASE code WHEN '' THEN $7::text ELSE code END, last_at = clock_timestamp()
 WHERE id = $1::bigint

-- Ours. When the answer has overtaken it, the dialogue is further than that.
-- :USSD_OURS
UPDATE ussd
   SET outbox_id = $2::bigint, turns = turns + 1,
       last_op = CASE $4::bigint WHEN 0 THEN $3::text ELSE last_op END,
       reply = CASE $4::bigint WHEN 0 THEN NULL ELSE reply END,
       last_at = CASE $4::bigint WHEN 0 THEN clock_timestamp() ELSE last_at END
 WHERE id = $1::bigint

-- :USSD_END
UPDATE ussd SET status = 'ended', reply = NULL, reason = $2::text, ended_at = clock_timestamp()
 WHERE id = $1::bigint AND status = 'open'

-- :USSD_REPEAT
UPDATE inbox SET dup_of = (SELECT u.inbox_id FROM ussd u WHERE u.id = $2::bigint)
 WHERE arrival = $1::text

-- :USSD_QUIET
UPDATE ussd SET status = 'ended', reply = NULL, reason = $2::text, ended_at = clock_timestamp()
 WHERE status = 'open' AND last_at < statement_timestamp() - $1::bigint * interval '1 second'

-- Rows whose time is over on lanes that nobody claims from.
-- :EXPIRE
UPDATE outbox
   SET queue = 2, status = 'expired', done_at = clock_timestamp(),
       error_text = 'expired before it was sent'
 WHERE id = ANY (ARRAY (
       SELECT o.id FROM outbox o
        WHERE o.queue IN (0, 3) AND o.expires_at IS NOT NULL
          AND o.expires_at <= statement_timestamp() AND o.status = 'queued'
        LIMIT $1::bigint FOR NO KEY UPDATE SKIP LOCKED))

-- Ranges of outbox, when it is partitioned: those in it, and such as were taken out and not yet dropped.
-- :PARTITION_NEXT
SELECT p.number, p.name, p.attached
  FROM (SELECT CASE WHEN c.relname ~ '^outbox_p[0-9]{1,12}$' THEN substr(c.relname, 9)::bigint END AS number,
               c.relname::text AS name,
               (EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid))::int::bigint AS attached
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = current_schema() AND c.relkind = 'r') AS p
 WHERE p.number > $1::bigint ORDER BY p.number LIMIT 1

-- Functions of partitioned.sql.
-- :PARTITION_AHEAD
SELECT made, ahead FROM smsqld_partition_ahead($1::bigint)

-- :PARTITION_LOOK
SELECT last, seen, stays, young FROM smsqld_partition_look($1::text, $2::bigint, $3::bigint, $4::bigint, $5::bigint)

-- :PARTITION_TAKE_OUT
SELECT smsqld_partition_take_out($1::text)

-- :PARTITION_PUT_BACK
SELECT smsqld_partition_put_back($1::text)

-- :PARTITION_REFS
SELECT smsqld_partition_refs($1::text, $2::bigint)

-- :PARTITION_DROP
SELECT smsqld_partition_drop($1::text)

-- What is kept and what goes. KEEP_... looks at the next rows by id, no more than max behind `after`, and
-- deletes those that have ended and are older than keep_s seconds: last is the last id that it has looked
-- at, seen how many, young how many of them are younger than that anyway, gone how many it has
-- deleted, or would have, when dry is 1. Rows that somebody has locked are passed over, and nothing is
-- waited for longer than 20 ms.
-- :KEEP_TURN
SELECT pg_try_advisory_lock(hashtextextended('smsqld retention ' || current_schema(), 0))::int::bigint

-- :KEEP_OVER
SELECT pg_advisory_unlock(hashtextextended('smsqld retention ' || current_schema(), 0))::int::bigint

-- What is deleted need not be on the disk at once: a chunk that a crash brings back goes the next day. So
-- nobody waits for its commit, on a gateway not even the claims behind it.
--
-- What was sent and never confirmed, though a receipt was wanted, goes unconfirmed_s after it was sent
-- (0: never). A row may have changed since it was found: so it is looked at again once it is locked.
-- :KEEP_OUTBOX
WITH manners AS MATERIALIZED (SELECT set_config('lock_timeout', '20ms', true), set_config('synchronous_commit', 'off', true)),
seen AS MATERIALIZED (
  SELECT o.id, o.created_at,
         o.queue + 0 = 2 AND CASE WHEN o.status IN ('delivered', 'undelivered', 'failed', 'expired', 'cancelled')
              THEN coalesce(o.done_at, o.created_at) < limits.kept
              WHEN o.status = 'sent' AND NOT o.receipt THEN o.sent_at < limits.kept
              WHEN o.status = 'sent' AND $5::bigint > 0 THEN o.sent_at < limits.confirmed
              ELSE false END AS goes
    FROM manners
   CROSS JOIN (SELECT statement_timestamp() - $4::bigint * interval '1 second' AS kept,
                      statement_timestamp() - greatest($4::bigint, $5::bigint) * interval '1 second' AS confirmed)
         AS limits
   CROSS JOIN LATERAL (SELECT * FROM outbox o WHERE o.id > $1::bigint ORDER BY o.id LIMIT $2::bigint) AS o),
old AS MATERIALIZED (
  SELECT o.id FROM seen JOIN outbox o ON o.id BETWEEN seen.id AND seen.id
   WHERE seen.goes AND $3::bigint = 0 AND o.queue + 0 = 2
     AND CASE WHEN o.status IN ('delivered', 'undelivered', 'failed', 'expired', 'cancelled')
              THEN coalesce(o.done_at, o.created_at) < statement_timestamp() - $4::bigint * interval '1 second'
              WHEN o.status = 'sent' AND NOT o.receipt
              THEN o.sent_at < statement_timestamp() - $4::bigint * interval '1 second'
              WHEN o.status = 'sent' AND $5::bigint > 0
              THEN o.sent_at < statement_timestamp() - greatest($4::bigint, $5::bigint) * interval '1 second'
              ELSE false END
     FOR UPDATE OF o SKIP LOCKED),
gone AS (DELETE FROM outbox o USING old WHERE o.id BETWEEN old.id AND old.id RETURNING o.id),
parts AS (DELETE FROM outbox_part p USING gone WHERE p.outbox_id BETWEEN gone.id AND gone.id)
SELECT coalesce(max(id), 0), count(*),
       count(*) FILTER (WHERE created_at >= statement_timestamp() - $4::bigint * interval '1 second'),
       CASE $3::bigint WHEN 0 THEN (SELECT count(*) FROM gone) ELSE count(*) FILTER (WHERE goes) END
  FROM seen

-- What the application has taken.
-- :KEEP_INBOX
WITH manners AS MATERIALIZED (SELECT set_config('lock_timeout', '20ms', true), set_config('synchronous_commit', 'off', true)),
seen AS MATERIALIZED (
  SELECT t.id, t.received_at AS born, coalesce(t.taken_at < statement_timestamp() - $4::bigint * interval '1 second', false) AS goes
    FROM manners CROSS JOIN LATERAL (SELECT * FROM inbox t WHERE t.id > $1::bigint ORDER BY t.id LIMIT $2::bigint) AS t),
old AS MATERIALIZED (
  SELECT t.id FROM seen JOIN inbox t ON t.id BETWEEN seen.id AND seen.id
   WHERE seen.goes AND $3::bigint = 0 FOR UPDATE OF t SKIP LOCKED),
gone AS (DELETE FROM inbox t USING old WHERE t.id BETWEEN old.id AND old.id RETURNING t.id)
SELECT coalesce(max(id), 0), count(*),
       count(*) FILTER (WHERE born >= statement_timestamp() - $4::bigint * interval '1 second'),
       CASE $3::bigint WHEN 0 THEN (SELECT count(*) FROM gone) ELSE count(*) FILTER (WHERE goes) END
  FROM seen

-- :KEEP_RECEIPT
WITH manners AS MATERIALIZED (SELECT set_config('lock_timeout', '20ms', true), set_config('synchronous_commit', 'off', true)),
seen AS MATERIALIZED (
  SELECT t.id, t.received_at AS born, t.received_at < statement_timestamp() - $4::bigint * interval '1 second' AS goes
    FROM manners CROSS JOIN LATERAL (SELECT * FROM receipt t WHERE t.id > $1::bigint ORDER BY t.id LIMIT $2::bigint) AS t),
old AS MATERIALIZED (
  SELECT t.id FROM seen JOIN receipt t ON t.id BETWEEN seen.id AND seen.id
   WHERE seen.goes AND $3::bigint = 0 FOR UPDATE OF t SKIP LOCKED),
gone AS (DELETE FROM receipt t USING old WHERE t.id BETWEEN old.id AND old.id RETURNING t.id)
SELECT coalesce(max(id), 0), count(*),
       count(*) FILTER (WHERE born >= statement_timestamp() - $4::bigint * interval '1 second'),
       CASE $3::bigint WHEN 0 THEN (SELECT count(*) FROM gone) ELSE count(*) FILTER (WHERE goes) END
  FROM seen

-- :KEEP_COMMAND
WITH manners AS MATERIALIZED (SELECT set_config('lock_timeout', '20ms', true), set_config('synchronous_commit', 'off', true)),
seen AS MATERIALIZED (
  SELECT t.id, t.created_at AS born, t.status IN ('done', 'refused', 'failed')
         AND coalesce(t.done_at, t.created_at) < statement_timestamp() - $4::bigint * interval '1 second' AS goes
    FROM manners CROSS JOIN LATERAL (SELECT * FROM command t WHERE t.id > $1::bigint ORDER BY t.id LIMIT $2::bigint) AS t),
old AS MATERIALIZED (
  SELECT t.id FROM seen JOIN command t ON t.id BETWEEN seen.id AND seen.id
   WHERE seen.goes AND $3::bigint = 0 FOR UPDATE OF t SKIP LOCKED),
gone AS (DELETE FROM command t USING old WHERE t.id BETWEEN old.id AND old.id RETURNING t.id)
SELECT coalesce(max(id), 0), count(*),
       count(*) FILTER (WHERE born >= statement_timestamp() - $4::bigint * interval '1 second'),
       CASE $3::bigint WHEN 0 THEN (SELECT count(*) FROM gone) ELSE count(*) FILTER (WHERE goes) END
  FROM seen

-- :KEEP_USSD
WITH manners AS MATERIALIZED (SELECT set_config('lock_timeout', '20ms', true), set_config('synchronous_commit', 'off', true)),
seen AS MATERIALIZED (
  SELECT t.id, t.opened_at AS born, t.status = 'ended' AND coalesce(t.ended_at, t.last_at) < statement_timestamp() - $4::bigint * interval '1 second' AS goes
    FROM manners CROSS JOIN LATERAL (SELECT * FROM ussd t WHERE t.id > $1::bigint ORDER BY t.id LIMIT $2::bigint) AS t),
old AS MATERIALIZED (
  SELECT t.id FROM seen JOIN ussd t ON t.id BETWEEN seen.id AND seen.id
   WHERE seen.goes AND $3::bigint = 0 FOR UPDATE OF t SKIP LOCKED),
gone AS (DELETE FROM ussd t USING old WHERE t.id BETWEEN old.id AND old.id RETURNING t.id)
SELECT coalesce(max(id), 0), count(*),
       count(*) FILTER (WHERE born >= statement_timestamp() - $4::bigint * interval '1 second'),
       CASE $3::bigint WHEN 0 THEN (SELECT count(*) FROM gone) ELSE count(*) FILTER (WHERE goes) END
  FROM seen

-- `wanted` is the operator's and stays.
-- :LINK_PUT
INSERT INTO link (gateway, name, driver, state, reason, window_size, queued, unanswered, rate, sent,
                  failed, receipts, received, account, interval_ms, quota_hour, quota_day, quota_month,
                  used_hour, used_day, used_month, used_at, updated_at)
SELECT r.gateway, r.name, r.driver, r.state, r.reason, r.window_size, r.queued, r.unanswered, r.rate, r.sent,
       r.failed, r.receipts, r.received, r.account, r.interval_ms, r.quota_hour, r.quota_day, r.quota_month,
       r.used_hour, r.used_day, r.used_month, to_timestamp(nullif(r.used_at_ms, 0) / 1000.0),
       clock_timestamp()
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
              $14::text[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
              $20::bigint[], $21::bigint[], $22::bigint[])
       AS r (gateway, name, driver, state, reason, window_size, queued, unanswered, rate, sent, failed,
             receipts, received, account, interval_ms, quota_hour, quota_day, quota_month, used_hour,
             used_day, used_month, used_at_ms)
ON CONFLICT (gateway, name) DO UPDATE
   SET driver = excluded.driver, reason = excluded.reason, window_size = excluded.window_size,
       queued = excluded.queued, unanswered = excluded.unanswered, rate = excluded.rate,
       sent = excluded.sent, failed = excluded.failed, receipts = excluded.receipts,
       received = excluded.received, account = excluded.account, updated_at = excluded.updated_at,
       interval_ms = excluded.interval_ms, quota_hour = excluded.quota_hour,
       quota_day = excluded.quota_day, quota_month = excluded.quota_month,
       used_hour = CASE WHEN excluded.used_at IS NULL THEN link.used_hour ELSE excluded.used_hour END,
       used_day = CASE WHEN excluded.used_at IS NULL THEN link.used_day ELSE excluded.used_day END,
       used_month = CASE WHEN excluded.used_at IS NULL THEN link.used_month ELSE excluded.used_month END,
       used_at = coalesce(excluded.used_at, link.used_at),
       since = CASE WHEN link.state = excluded.state THEN link.since ELSE excluded.updated_at END,
       state = excluded.state

-- :LINK_WANTED
SELECT name, wanted FROM link WHERE gateway = $1::text

-- :LINK_USED
SELECT name, used_hour, used_day, used_month, floor(extract(epoch FROM used_at))::bigint
  FROM link WHERE gateway = $1::text AND used_at IS NOT NULL

-- What smsqlctl asks.

-- :DESK_SEND
INSERT INTO outbox (recipient, body, sender, link)
VALUES ($1::text, $2::text, $3::text, nullif($4::text, ''))
RETURNING id

-- :DESK_ROW
SELECT id, status::text, attempts::bigint, coalesce(link_used, ''), coalesce(message_id, ''),
       error_code, coalesce(error_text, ''), coalesce(sent_at::text, ''), coalesce(done_at::text, '')
  FROM outbox WHERE id = $1::bigint

-- :DESK_STATUS
SELECT status::text, count(*),
       CASE WHEN status IN ('queued', 'sending', 'sent', 'doubtful', 'held') THEN
            extract(epoch FROM clock_timestamp() - min(created_at))::bigint END
  FROM outbox GROUP BY status ORDER BY outbox.status

-- :DESK_UNMATCHED
SELECT link, count(*), extract(epoch FROM clock_timestamp() - min(received_at))::bigint
  FROM receipt WHERE outbox_id IS NULL AND received_at IS NOT NULL GROUP BY link ORDER BY link

-- :DESK_GATEWAYS
SELECT name, CASE WHEN state = 'running' AND alive_until < clock_timestamp() THEN 'dead'
                  ELSE state END, host, version, alive_until::text, epoch
  FROM gateway ORDER BY name

-- :DESK_LINKS
SELECT gateway, name, driver, state, wanted, reason, window_size, queued, unanswered, rate,
       interval_ms, used_hour, quota_hour, used_day, quota_day, used_month, quota_month, sent,
       failed, receipts, received, since::text
  FROM link ORDER BY gateway, name

-- :DESK_QUOTAS
SELECT gateway, name, state, used_hour, quota_hour, used_day, quota_day, used_month, quota_month
  FROM link WHERE quota_hour + quota_day + quota_month > 0 ORDER BY gateway, name

-- :DESK_QUEUE
SELECT id, route, coalesce(lane, link, ''), priority::bigint, recipient, status::text,
       attempts::bigint, send_after::text, coalesce(error_text, '')
  FROM (SELECT * FROM outbox WHERE queue = 0 UNION ALL
        SELECT * FROM outbox WHERE queue = 1 UNION ALL
        SELECT * FROM outbox WHERE queue = 3) AS o
 WHERE o.status IN ('queued', 'sending')
 ORDER BY o.queue = 0, o.priority, o.send_after, o.id LIMIT $1::bigint

-- :DESK_DOUBTFUL
SELECT id, recipient, coalesce(link_used, link, ''), attempts::bigint, coalesce(claimed_at::text, ''),
       CASE kind WHEN 'ussd' THEN 'hold' ELSE coalesce(in_doubt, 'default') END,
       coalesce(error_text, '')
  FROM outbox WHERE status = 'doubtful' AND ($1::text = '' OR coalesce(link_used, link) = $1::text)
 ORDER BY id LIMIT $2::bigint

-- A turn of a dialogue is never sent again.
-- :DESK_DECIDE
UPDATE outbox o
   SET status = CASE r.decision WHEN 'accept' THEN 'sent'::sms_status ELSE 'queued'::sms_status END,
       queue = CASE r.decision WHEN 'accept' THEN 2 ELSE 0 END, owner = NULL, claim = NULL, lane = NULL,
       error_code = NULL, error_text = NULL,
       sent_at = CASE r.decision WHEN 'accept' THEN coalesce(o.sent_at, o.claimed_at) ELSE o.sent_at END,
       send_after = CASE r.decision WHEN 'accept' THEN o.send_after
                                    ELSE date_trunc('milliseconds', clock_timestamp()) END,
       expires_at = CASE WHEN r.decision <> 'accept' AND o.expires_at <= clock_timestamp() THEN NULL
                         ELSE o.expires_at END
  FROM unnest($1::bigint[], $2::text[]) AS r (id, decision)
 WHERE o.id BETWEEN r.id AND r.id AND o.status = 'doubtful' AND (r.decision = 'accept' OR o.kind <> 'ussd')
RETURNING o.id

-- :DESK_DECIDE_PARTS
UPDATE outbox_part p SET status = 'sent', error_code = NULL, error_text = NULL
  FROM unnest($1::bigint[]) AS r (id)
 WHERE p.outbox_id = r.id AND p.status = 'doubtful'

-- Nor here: a turn in doubt may have been heard.
-- :DESK_RETRY
UPDATE outbox o
   SET status = 'queued', queue = 0, owner = NULL, claim = NULL, lane = NULL, done_at = NULL,
       error_code = NULL, error_text = NULL,
       send_after = date_trunc('milliseconds', clock_timestamp()),
       expires_at = CASE WHEN o.expires_at <= clock_timestamp() THEN NULL ELSE o.expires_at END
  FROM unnest($1::bigint[]) AS r (id)
 WHERE o.id BETWEEN r.id AND r.id
   AND o.status IN ('failed', 'undelivered', 'expired', 'doubtful', 'held', 'cancelled')
   AND (o.status <> 'doubtful' OR o.kind <> 'ussd')
RETURNING o.id

-- :DESK_CANCEL
UPDATE outbox o SET status = 'cancelled', queue = 2, done_at = clock_timestamp()
  FROM unnest($1::bigint[]) AS r (id)
 WHERE o.id BETWEEN r.id AND r.id AND ((o.queue IN (0, 3) AND o.status IN ('queued', 'held'))
                        OR o.status IN ('held', 'doubtful'))
RETURNING o.id

-- :DESK_ASK
INSERT INTO command (what, outbox_id, body) VALUES ($1::text, $2::bigint, $3::text) RETURNING id

-- :DESK_COMMAND
SELECT id, what, status, coalesce(answer, ''), coalesce(answer_at::text, ''), error_code,
       coalesce(error_text, '')
  FROM command WHERE id = $1::bigint

-- :DESK_WANT
UPDATE link SET wanted = $2::text WHERE name = $1::text RETURNING gateway
