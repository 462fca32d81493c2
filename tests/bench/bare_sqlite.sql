-- SPDX-License-Identifier: Apache-2.0
-- bare_sqlite.sql - one step of the yardstick for SQLite: what becomes of 500 rows,
-- in sets and without a gateway. The runner repeats it until no row is left. What it
-- leaves in outbox and receipt is what the gateway leaves there.

BEGIN IMMEDIATE;
DELETE FROM batch;
INSERT INTO batch (id, key)
    SELECT id, CAST(1000000000 + id AS TEXT) FROM outbox
     WHERE queue = 0 AND route = '' AND priority = 1
       AND send_after <= strftime('%Y-%m-%d %H:%M:%f', 'now')
     ORDER BY send_after, id LIMIT 500;
UPDATE outbox
   SET queue = 1, status = 'sending', owner = 'bare/1', claim = 1, attempts = attempts + 1,
       claimed_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE id IN (SELECT id FROM batch) AND queue = 0;
COMMIT;

BEGIN IMMEDIATE;
UPDATE outbox
   SET queue = 2, status = 'sent', link_used = 'bench', parts = 1,
       message_id = CAST(1000000000 + id AS TEXT), error_text = NULL, error_code = NULL,
       sent_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE owner = 'bare/1' AND queue = 1;
COMMIT;

BEGIN IMMEDIATE;
UPDATE outbox
   SET status = 'delivered', done_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
 WHERE link_used = 'bench' AND message_id IS NOT NULL
   AND ltrim(lower(message_id), '0') IN (SELECT key FROM batch)
   AND status = 'sent';
INSERT INTO receipt (link, message_id, recipient, status, word, done_at, outbox_id)
    SELECT 'bench', key, '36201234567', 'delivered', 'DELIVRD',
           strftime('%Y-%m-%d %H:%M:%f', 'now'), id FROM batch;
COMMIT;
