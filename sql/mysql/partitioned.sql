-- SPDX-License-Identifier: Apache-2.0
-- partitioned.sql - outbox and outbox_part in ranges of ids, in MariaDB (10.6 or newer) and MySQL (8.0.23 or newer).
--
-- `smsqlctl init --partitioned` runs this behind schema.sql; by hand, all of it as one text:
-- cat schema.sql partitioned.sql | sed 's/:ROWS/10000000/g' | mariadb --delimiter=// DATABASE
--
-- For tables of a hundred million rows: a range that nobody keeps any longer is dropped in no time. An
-- application sees no difference, but that a ref which is there already is refused by table outbox_ref
-- (error 1062, as ever): INSERT IGNORE and INSERT ... ON DUPLICATE KEY UPDATE fail of that.
--
-- Ranges are partitions p0, p1 ..., :ROWS ids each. Behind them pmax takes what has no range, so that no INSERT
-- ever fails; gateways and `smsqlctl maintain` make ranges ahead of it while it is empty. A range is dropped by way
-- of a table outbox_pN that it is exchanged with. What all this needs rights of the owner for are the procedures
-- below: GRANT EXECUTE on the database to the gateway's user, and to nobody else. Other rights are those in
-- schema.sql. Where the server writes a binary log, whoever runs this needs log_bin_trust_function_creators = 1.

CREATE TABLE outbox_range (
    width         bigint PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO outbox_range (width) VALUES (:ROWS);

-- No index is unique over all ranges but one of ids: what makes a ref unique is a table of its own.
CREATE TABLE outbox_ref (
    outbox_id     bigint PRIMARY KEY,
    app           varchar(64) NOT NULL,
    ref           varchar(190) NOT NULL,
    UNIQUE KEY outbox_ref (app, ref)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE outbox DROP INDEX outbox_ref;
ALTER TABLE outbox PARTITION BY RANGE (id) (
    PARTITION p0 VALUES LESS THAN (:ROWS), PARTITION p1 VALUES LESS THAN (2 * :ROWS),
    PARTITION p2 VALUES LESS THAN (3 * :ROWS), PARTITION p3 VALUES LESS THAN (4 * :ROWS),
    PARTITION pmax VALUES LESS THAN MAXVALUE);
ALTER TABLE outbox_part PARTITION BY RANGE (outbox_id) (
    PARTITION p0 VALUES LESS THAN (:ROWS), PARTITION p1 VALUES LESS THAN (2 * :ROWS),
    PARTITION p2 VALUES LESS THAN (3 * :ROWS), PARTITION p3 VALUES LESS THAN (4 * :ROWS),
    PARTITION pmax VALUES LESS THAN MAXVALUE);

CREATE TRIGGER outbox_ref_insert AFTER INSERT ON outbox FOR EACH ROW
BEGIN
    IF NEW.ref IS NOT NULL THEN
        INSERT INTO outbox_ref (outbox_id, app, ref) VALUES (NEW.id, NEW.app, NEW.ref);
    END IF;
END;
CREATE TRIGGER outbox_ref_update AFTER UPDATE ON outbox FOR EACH ROW
BEGIN
    IF NOT (OLD.ref <=> NEW.ref AND OLD.app = NEW.app AND OLD.id = NEW.id) THEN
        DELETE FROM outbox_ref WHERE outbox_id = OLD.id;
        IF NEW.ref IS NOT NULL THEN
            INSERT INTO outbox_ref (outbox_id, app, ref) VALUES (NEW.id, NEW.app, NEW.ref);
        END IF;
    END IF;
END;
CREATE TRIGGER outbox_ref_delete AFTER DELETE ON outbox FOR EACH ROW
BEGIN
    IF OLD.ref IS NOT NULL THEN
        DELETE FROM outbox_ref WHERE outbox_id = OLD.id;
    END IF;
END;

DROP PROCEDURE IF EXISTS smsqld_run;
DROP PROCEDURE IF EXISTS smsqld_alter;
DROP PROCEDURE IF EXISTS smsqld_partition_ahead;
DROP PROCEDURE IF EXISTS smsqld_partition_look;
DROP PROCEDURE IF EXISTS smsqld_partition_take_out;
DROP PROCEDURE IF EXISTS smsqld_partition_put_back;
DROP PROCEDURE IF EXISTS smsqld_partition_refs;
DROP PROCEDURE IF EXISTS smsqld_partition_drop;
DROP FUNCTION IF EXISTS smsqld_partition_number;
DROP FUNCTION IF EXISTS smsqld_partition_is_out;
DROP FUNCTION IF EXISTS smsqld_partition_is_in;

-- With the rights of whoever calls it.
CREATE PROCEDURE smsqld_run(words mediumtext CHARACTER SET utf8mb4) SQL SECURITY INVOKER
BEGIN
    SET @smsqld_words = words;
    PREPARE smsqld_words FROM @smsqld_words;
    EXECUTE smsqld_words;
    DEALLOCATE PREPARE smsqld_words;
END;

-- Which range is that? Only tables named so are ever touched.
CREATE FUNCTION smsqld_partition_number(name varchar(64) CHARACTER SET utf8mb4) RETURNS bigint
DETERMINISTIC NO SQL
BEGIN
    IF name NOT REGEXP '^outbox_p[0-9]{1,12}$' THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'that is no range of outbox';
    END IF;
    RETURN substr(name, 9);
END;

CREATE FUNCTION smsqld_partition_is_out(number bigint) RETURNS tinyint READS SQL DATA SQL SECURITY DEFINER
    RETURN EXISTS (SELECT 1 FROM information_schema.tables
                    WHERE table_schema = DATABASE() AND table_name = concat('outbox_p', number));

CREATE FUNCTION smsqld_partition_is_in(number bigint, parts tinyint) RETURNS tinyint READS SQL DATA
SQL SECURITY DEFINER
    RETURN EXISTS (SELECT 1 FROM information_schema.partitions
                    WHERE table_schema = DATABASE() AND table_name = CASE parts WHEN 0 THEN 'outbox' ELSE 'outbox_part' END
                      AND partition_name = concat('p', number));

-- Nothing below waits for a table that others use, since whoever comes after a lock that waits waits as well: it
-- tries four times within 40 ms and fails with error 1205; in MySQL it waits a second, which is the least there.
-- DDL commits by itself; so each may be called again by whoever did not hear that it was done, or was cut off in
-- the middle.
CREATE PROCEDURE smsqld_alter(words mediumtext CHARACTER SET utf8mb4) SQL SECURITY INVOKER
BEGIN
    DECLARE busy tinyint DEFAULT 1;
    DECLARE tries int DEFAULT 4 /*M! - 3 */;
    WHILE busy AND tries < 4 DO
        BEGIN
            DECLARE CONTINUE HANDLER FOR 1205 SET busy = 1;
            SET busy = 0;
            CALL smsqld_run(words);
        END;
        IF busy THEN
            DO SLEEP(0.01);
        END IF;
        SET tries = tries + 1;
    END WHILE;
    IF busy THEN
        CALL smsqld_run(words);
    END IF;
END;

-- Makes one range, when fewer than that many lie ahead. Of a pmax that is not empty nothing can be split
-- off without keeping everybody waiting: then none lies ahead.
CREATE PROCEDURE smsqld_partition_ahead(ranges bigint) SQL SECURITY DEFINER
BEGIN
    DECLARE patience bigint DEFAULT @@SESSION.lock_wait_timeout;
    DECLARE width, here, n, of_parts bigint;
    DECLARE made bigint DEFAULT 0;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        SET SESSION lock_wait_timeout = patience;
        RESIGNAL;
    END;
    SET SESSION lock_wait_timeout = 1 /*M! - 1 */;
    /*!80000 SET SESSION information_schema_stats_expiry = 0; */
    SELECT r.width INTO width FROM outbox_range r;
    SELECT greatest(coalesce((SELECT max(o.id) FROM outbox o), 0), coalesce(max(t.auto_increment) - 1, 0)) DIV width
      INTO here
      FROM information_schema.tables t WHERE t.table_schema = DATABASE() AND t.table_name = 'outbox';
    SELECT max(CASE p.table_name WHEN 'outbox' THEN CAST(substr(p.partition_name, 2) AS signed) END) + 1,
           max(CASE p.table_name WHEN 'outbox_part' THEN CAST(substr(p.partition_name, 2) AS signed) END) + 1
      INTO n, of_parts
      FROM information_schema.partitions p
     WHERE p.table_schema = DATABASE() AND p.table_name IN ('outbox', 'outbox_part')
       AND p.partition_name REGEXP '^p[0-9]{1,12}$';
    IF here < n AND n <= here + ranges THEN
        WHILE of_parts <= n DO
            CALL smsqld_alter(concat('ALTER TABLE outbox_part REORGANIZE PARTITION pmax INTO (PARTITION p', of_parts,
                                   ' VALUES LESS THAN (', (of_parts + 1) * width, '), PARTITION pmax VALUES LESS THAN MAXVALUE)'));
            SET of_parts = of_parts + 1;
        END WHILE;
        CALL smsqld_alter(concat('ALTER TABLE outbox REORGANIZE PARTITION pmax INTO (PARTITION p', n,
                               ' VALUES LESS THAN (', (n + 1) * width, '), PARTITION pmax VALUES LESS THAN MAXVALUE)'));
        SET made = 1, n = n + 1;
    END IF;
    SET SESSION lock_wait_timeout = patience;
    SELECT made, greatest(n - here - 1, 0) AS ahead;
END;

-- Looks at the next rows of a range: does one of them stay? young: because it is younger than what is kept.
-- The conditions are those of KEEP_OUTBOX in statements.sql. Of a range that is out, what stays goes back
-- into outbox here and now; so nothing stays.
CREATE PROCEDURE smsqld_partition_look(name varchar(64) CHARACTER SET utf8mb4, after bigint, most bigint, keep_s bigint,
                                       unconfirmed_s bigint) SQL SECURITY DEFINER
BEGIN
    DECLARE n bigint DEFAULT smsqld_partition_number(name);
    DECLARE is_out tinyint DEFAULT smsqld_partition_is_out(n);
    DECLARE kept varchar(80) DEFAULT concat('''', UTC_TIMESTAMP(3) - INTERVAL keep_s SECOND, '''');
    DECLARE confirmed varchar(80)
        DEFAULT concat('''', UTC_TIMESTAMP(3) - INTERVAL greatest(keep_s, unconfirmed_s) SECOND, '''');
    DECLARE stays, those text CHARACTER SET utf8mb4;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        ROLLBACK;
        RESIGNAL;
    END;
    SET stays = concat('NOT (t.queue = 2 AND coalesce(CASE WHEN t.status IN '
        '(''delivered'', ''undelivered'', ''failed'', ''expired'', ''cancelled'') '
        'THEN coalesce(t.done_at, t.created_at) < ', kept,
        ' WHEN t.status = ''sent'' AND t.receipt = 0 THEN t.sent_at < ', kept,
        ' WHEN t.status = ''sent'' AND ', unconfirmed_s, ' > 0 THEN t.sent_at < ', confirmed, ' END, 0))');
    CALL smsqld_run(concat('SELECT coalesce(max(t.id), 0), count(*), coalesce(sum(', stays, '), 0), '
        'coalesce(sum(t.created_at >= ', kept, '), 0) '
        'INTO @smsqld_last, @smsqld_seen, @smsqld_stays, @smsqld_young FROM (SELECT * FROM ',
        CASE is_out WHEN 1 THEN concat('outbox_p', n) ELSE concat('outbox PARTITION (p', n, ')') END,
        ' WHERE id > ', after, ' ORDER BY id LIMIT ', most, ') AS t'));
    IF is_out AND @smsqld_stays > 0 THEN
        SET those = concat(' WHERE t.id > ', after, ' AND t.id <= ', @smsqld_last, ' AND ', stays);
        START TRANSACTION;
        CALL smsqld_run(concat('DELETE r FROM outbox_p', n, ' t STRAIGHT_JOIN outbox_ref r ON r.outbox_id = t.id', those));
        CALL smsqld_run(concat('INSERT INTO outbox SELECT * FROM outbox_p', n, ' t', those));
        CALL smsqld_run(concat('DELETE t FROM outbox_p', n, ' t', those));
        COMMIT;
        SET @smsqld_stays = 0;
    END IF;
    SELECT @smsqld_last, @smsqld_seen, @smsqld_stays, @smsqld_young;
END;

-- Takes a range out, when no id of it will be given any more and nothing of it is in the queue: exchanges it with
-- an empty table. What has come into the queue at the last moment goes back at once.
-- (What stays in some other way is found when it is looked at again: out of outbox nothing changes any more.)
CREATE PROCEDURE smsqld_partition_take_out(name varchar(64) CHARACTER SET utf8mb4) SQL SECURITY DEFINER
BEGIN
    DECLARE patience bigint DEFAULT @@SESSION.lock_wait_timeout;
    DECLARE n bigint DEFAULT smsqld_partition_number(name);
    DECLARE made, done tinyint DEFAULT 0;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        ROLLBACK;
        IF made AND NOT done THEN
            CALL smsqld_run(concat('DROP TABLE IF EXISTS outbox_p', n));
        END IF;
        SET SESSION lock_wait_timeout = patience;
        RESIGNAL;
    END;
    IF smsqld_partition_is_out(n) THEN
        SET done = 1;
    ELSEIF (n + 1) * (SELECT width FROM outbox_range) <= (SELECT max(id) FROM outbox) THEN
        CALL smsqld_run(concat('SELECT NOT EXISTS (SELECT 1 FROM outbox PARTITION (p', n,
                               ') FORCE INDEX (outbox_ready) WHERE queue IN (0, 1, 3)) INTO @smsqld_idle'));
        IF @smsqld_idle THEN
            SET SESSION lock_wait_timeout = 1 /*M! - 1 */;
            SET made = 1;
            CALL smsqld_run(concat('CREATE TABLE outbox_p', n, ' LIKE outbox'));
            CALL smsqld_run(concat('ALTER TABLE outbox_p', n, ' REMOVE PARTITIONING'));
            CALL smsqld_alter(concat('ALTER TABLE outbox EXCHANGE PARTITION p', n, ' WITH TABLE outbox_p', n));
            SET done = 1;
            START TRANSACTION;
            CALL smsqld_run(concat('DELETE r FROM outbox_p', n, ' t FORCE INDEX (outbox_ready) '
                                   'STRAIGHT_JOIN outbox_ref r ON r.outbox_id = t.id WHERE t.queue IN (0, 1, 3)'));
            CALL smsqld_run(concat('INSERT INTO outbox SELECT * FROM outbox_p', n,
                                   ' FORCE INDEX (outbox_ready) WHERE queue IN (0, 1, 3)'));
            CALL smsqld_run(concat('DELETE t FROM outbox_p', n, ' t FORCE INDEX (outbox_ready) WHERE t.queue IN (0, 1, 3)'));
            COMMIT;
            SET SESSION lock_wait_timeout = patience;
        END IF;
    END IF;
    SELECT done;
END;

-- Puts the next rows of a range that is out back; 1: there are no more, and it is in. A table cannot be
-- exchanged back: MariaDB would read all of it meanwhile, with everybody waiting.
CREATE PROCEDURE smsqld_partition_put_back(name varchar(64) CHARACTER SET utf8mb4) SQL SECURITY DEFINER
BEGIN
    DECLARE n bigint DEFAULT smsqld_partition_number(name);
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        ROLLBACK;
        RESIGNAL;
    END;
    SET @smsqld_last = NULL;
    IF smsqld_partition_is_out(n) THEN
        CALL smsqld_run(concat('SELECT max(t.id) INTO @smsqld_last FROM (SELECT id FROM outbox_p', n,
                               ' ORDER BY id LIMIT 500) AS t'));
        IF @smsqld_last IS NULL THEN
            CALL smsqld_run(concat('DROP TABLE outbox_p', n));
        ELSE
            START TRANSACTION;
            CALL smsqld_run(concat('DELETE r FROM outbox_p', n, ' t STRAIGHT_JOIN outbox_ref r ON r.outbox_id = t.id '
                                   'WHERE t.id <= ', @smsqld_last));
            CALL smsqld_run(concat('INSERT INTO outbox SELECT * FROM outbox_p', n, ' WHERE id <= ', @smsqld_last));
            CALL smsqld_run(concat('DELETE FROM outbox_p', n, ' WHERE id <= ', @smsqld_last));
            COMMIT;
        END IF;
    END IF;
    SELECT @smsqld_last IS NULL AS done;
END;

-- Refs of a range that was taken out, but for those of rows that went back.
CREATE PROCEDURE smsqld_partition_refs(name varchar(64) CHARACTER SET utf8mb4, most bigint) SQL SECURITY DEFINER
BEGIN
    DECLARE n bigint DEFAULT smsqld_partition_number(name);
    DECLARE width bigint DEFAULT (SELECT r.width FROM outbox_range r);
    DECLARE gone bigint DEFAULT 0;
    SET @smsqld_any = 0;
    IF smsqld_partition_is_out(n) THEN
        CALL smsqld_run(concat('SELECT EXISTS (SELECT 1 FROM outbox_p', n, ') INTO @smsqld_any'));
    END IF;
    IF @smsqld_any THEN
        DELETE r
          FROM (SELECT f.outbox_id
                  FROM outbox_ref f FORCE INDEX (PRIMARY)
                 WHERE f.outbox_id >= n * width AND f.outbox_id < (n + 1) * width
                   AND NOT EXISTS (SELECT 1 FROM outbox o FORCE INDEX (PRIMARY) WHERE o.id = f.outbox_id)
                 ORDER BY f.outbox_id LIMIT most) AS k
          STRAIGHT_JOIN outbox_ref r FORCE INDEX (PRIMARY) ON r.outbox_id = k.outbox_id;
        SET gone = ROW_COUNT();
    END IF;
    SELECT gone;
END;

-- Drops a range that was taken out, with its parts. One that rows went back into stays with these. The files of
-- what is large go without a lock on outbox or outbox_part.
CREATE PROCEDURE smsqld_partition_drop(name varchar(64) CHARACTER SET utf8mb4) SQL SECURITY DEFINER
BEGIN
    DECLARE patience bigint DEFAULT @@SESSION.lock_wait_timeout;
    DECLARE n bigint DEFAULT smsqld_partition_number(name);
    DECLARE done tinyint DEFAULT 0;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        SET SESSION lock_wait_timeout = patience;
        RESIGNAL;
    END;
    SET SESSION lock_wait_timeout = 1 /*M! - 1 */;
    CALL smsqld_run(concat('DROP TABLE IF EXISTS outbox_p', n));
    SET @smsqld_any = 1;
    IF smsqld_partition_is_in(n, 0) THEN
        CALL smsqld_run(concat('SELECT EXISTS (SELECT 1 FROM outbox PARTITION (p', n, ')) INTO @smsqld_any'));
    END IF;
    IF NOT @smsqld_any THEN
        IF smsqld_partition_is_in(n, 1) THEN
            CALL smsqld_run(concat('DROP TABLE IF EXISTS outbox_part_p', n));
            CALL smsqld_run(concat('CREATE TABLE outbox_part_p', n, ' LIKE outbox_part'));
            CALL smsqld_run(concat('ALTER TABLE outbox_part_p', n, ' REMOVE PARTITIONING'));
            CALL smsqld_alter(concat('ALTER TABLE outbox_part EXCHANGE PARTITION p', n, ' WITH TABLE outbox_part_p', n));
            CALL smsqld_alter(concat('ALTER TABLE outbox_part DROP PARTITION p', n));
        END IF;
        CALL smsqld_run(concat('DROP TABLE IF EXISTS outbox_part_p', n));
        CALL smsqld_alter(concat('ALTER TABLE outbox DROP PARTITION p', n));
        SET done = 1;
    END IF;
    SET SESSION lock_wait_timeout = patience;
    SELECT done;
END;
