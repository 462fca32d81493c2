-- SPDX-License-Identifier: Apache-2.0
-- bare_pgsql.sql - the yardstick for PostgreSQL: the life of every row in outbox,
-- 500 at a time, in sets and without a gateway, one COMMIT a step. What it leaves in
-- outbox and receipt is what the gateway leaves there.

CREATE PROCEDURE bare() LANGUAGE plpgsql AS $$
DECLARE
    batch bigint[];
BEGIN
    LOOP
        WITH next AS MATERIALIZED (
            SELECT id FROM outbox
             WHERE queue = 0 AND route = '' AND priority = 1 AND send_after <= now()
             ORDER BY send_after, id LIMIT 500
               FOR NO KEY UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE outbox o
               SET queue = 1, status = 'sending', owner = 'bare/1', claim = 1,
                   attempts = attempts + 1, claimed_at = now()
              FROM next WHERE o.id = next.id AND o.queue = 0
            RETURNING o.id
        )
        SELECT array_agg(id) INTO batch FROM claimed;
        EXIT WHEN batch IS NULL;
        COMMIT;

        UPDATE outbox o
           SET queue = 2, status = 'sent', link_used = 'bench', parts = 1,
               message_id = CAST(1000000000 + o.id AS text), error_code = NULL, error_text = NULL,
               sent_at = now()
         WHERE o.id = ANY (batch) AND o.owner = 'bare/1' AND o.queue = 1;
        COMMIT;

        -- LATERAL and LIMIT lead to one look into the index for each receipt, whatever the
        -- statistics say; they are of a time when no row had a message_id.
        WITH found AS MATERIALIZED (
            SELECT one.id FROM unnest(batch) AS b (id)
             CROSS JOIN LATERAL (
                   SELECT o.id FROM outbox o
                    WHERE o.link_used = 'bench' AND o.message_id IS NOT NULL
                      AND ltrim(lower(o.message_id COLLATE "C"), '0') = CAST(1000000000 + b.id AS text)
                    LIMIT 1) AS one
        )
        UPDATE outbox o
           SET status = 'delivered', done_at = now()
          FROM found WHERE o.id = found.id AND o.status = 'sent';
        INSERT INTO receipt (link, message_id, recipient, status, word, done_at, outbox_id)
            SELECT 'bench', CAST(1000000000 + b.id AS text), '36201234567', 'delivered', 'DELIVRD',
                   now(), b.id
              FROM unnest(batch) AS b (id);
        COMMIT;
    END LOOP;
END
$$;

CALL bare();
