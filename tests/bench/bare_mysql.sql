-- SPDX-License-Identifier: Apache-2.0
-- bare_mysql.sql - the yardstick for MariaDB: the life of every row in outbox, 500 at a time,
-- in sets and without a gateway, one COMMIT a step. What it leaves in outbox and receipt is
-- what the gateway leaves there.

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET time_zone = '+00:00';
CREATE TEMPORARY TABLE batch (id bigint PRIMARY KEY) ENGINE = MEMORY;

DELIMITER //
CREATE PROCEDURE bare()
BEGIN
    DECLARE more bigint DEFAULT 1;
    WHILE more > 0 DO
        START TRANSACTION;
        DELETE FROM batch;
        INSERT INTO batch SELECT id FROM outbox FORCE INDEX (outbox_ready)
             WHERE queue = 0 AND route = '' AND priority = 1 AND send_after <= UTC_TIMESTAMP(3)
             ORDER BY send_after, id LIMIT 500 FOR UPDATE SKIP LOCKED;
        SELECT count(*) INTO more FROM batch;
        UPDATE batch b STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = b.id
           SET o.queue = 1, o.status = 'sending', o.owner = 'bare/1', o.claim = 1,
               o.attempts = o.attempts + 1, o.claimed_at = UTC_TIMESTAMP(3)
         WHERE o.queue = 0;
        COMMIT;

        START TRANSACTION;
        UPDATE batch b STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id = b.id
           SET o.queue = 2, o.status = 'sent', o.link_used = 'bench', o.parts = 1,
               o.message_id = 1000000000 + b.id, o.error_code = NULL, o.error_text = NULL,
               o.sent_at = UTC_TIMESTAMP(3)
         WHERE o.owner = 'bare/1' AND o.queue = 1;
        COMMIT;

        START TRANSACTION;
        UPDATE batch b STRAIGHT_JOIN outbox o FORCE INDEX (outbox_network_id)
            ON o.link_used = 'bench' AND o.network_key = CAST(1000000000 + b.id AS char)
           SET o.status = 'delivered', o.done_at = UTC_TIMESTAMP(3)
         WHERE o.status = 'sent';
        INSERT INTO receipt (link, message_id, recipient, status, word, done_at, outbox_id)
            SELECT 'bench', 1000000000 + id, '36201234567', 'delivered', 'DELIVRD', UTC_TIMESTAMP(3), id
              FROM batch;
        COMMIT;
    END WHILE;
END //
DELIMITER ;

CALL bare();
