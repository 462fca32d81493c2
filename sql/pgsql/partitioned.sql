-- SPDX-License-Identifier: Apache-2.0
-- partitioned.sql - outbox and outbox_part in ranges of ids, in PostgreSQL (14 or newer).
--
-- `smsqlctl init --partitioned` runs this behind schema.sql, in the same transaction; by hand:
-- cat schema.sql partitioned.sql | sed 's/:ROWS/10000000/' | psql -1 DATABASE
--
-- For tables of a hundred million rows: a range that nobody keeps any longer is dropped in no time. An
-- application sees no difference, but that a ref which is there already is refused by table
-- outbox_ref (unique_violation, as ever): INSERT ... ON CONFLICT does not see that.
--
-- Ranges are tables outbox_p0, outbox_p1 ..., :ROWS ids each. There is no default partition: gateways and
-- `smsqlctl maintain` make ranges ahead. What they need rights of the owner for are the functions
-- below: GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ... to the gateway's role, and to nobody else. Other rights
-- are those on the tables in schema.sql.

CREATE TABLE outbox_range (width bigint NOT NULL);
INSERT INTO outbox_range (width) VALUES (:ROWS);

CREATE TABLE outbox_ranges (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (id);
ALTER SEQUENCE outbox_id_seq OWNED BY outbox_ranges.id;
DROP TABLE outbox;
ALTER TABLE outbox_ranges RENAME TO outbox;
ALTER TABLE outbox ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
CREATE INDEX outbox_ready ON outbox (route, priority, send_after, id) WHERE queue = 0;
CREATE INDEX outbox_claimed ON outbox (owner) WHERE queue = 1;
CREATE INDEX outbox_parked ON outbox (lane, priority, send_after, id) WHERE queue = 3;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE queue IN (0, 3) AND expires_at IS NOT NULL;
CREATE INDEX outbox_network_id ON outbox (link_used, ltrim(lower(message_id COLLATE "C"), '0'))
    WHERE message_id IS NOT NULL;

CREATE TABLE outbox_part_ranges (LIKE outbox_part INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    PARTITION BY RANGE (outbox_id);
DROP TABLE outbox_part;
ALTER TABLE outbox_part_ranges RENAME TO outbox_part;
ALTER TABLE outbox_part ADD CONSTRAINT outbox_part_pkey PRIMARY KEY (outbox_id, part, recipient);
CREATE INDEX outbox_part_network_id ON outbox_part (link, ltrim(lower(message_id COLLATE "C"), '0'))
    WHERE message_id <> '';

-- No index is unique over all ranges but one of ids: what makes a ref unique is a table of its own.
CREATE TABLE outbox_ref (
    app           text NOT NULL,
    ref           text NOT NULL,
    outbox_id     bigint NOT NULL,
    PRIMARY KEY (app, ref)
);
CREATE INDEX outbox_ref_message ON outbox_ref (outbox_id);

CREATE FUNCTION smsqld_ref() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.ref IS NOT NULL THEN
        DELETE FROM outbox_ref r WHERE r.app = OLD.app AND r.ref = OLD.ref AND r.outbox_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.ref IS NOT NULL THEN
        INSERT INTO outbox_ref (app, ref, outbox_id) VALUES (NEW.app, NEW.ref, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_ref_insert AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.ref IS NOT NULL)
    EXECUTE FUNCTION smsqld_ref();
CREATE TRIGGER outbox_ref_update AFTER UPDATE OF app, ref ON outbox FOR EACH ROW EXECUTE FUNCTION smsqld_ref();
CREATE TRIGGER outbox_ref_delete AFTER DELETE ON outbox FOR EACH ROW WHEN (OLD.ref IS NOT NULL)
    EXECUTE FUNCTION smsqld_ref();

-- Which range is that? Only tables named so are ever touched.
CREATE FUNCTION smsqld_partition_number(name text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF name !~ '^outbox_p[0-9]{1,12}$' THEN
        RAISE EXCEPTION '% is no range of outbox', name;
    END IF;
    RETURN substr(name, 9)::bigint;
END $$;

CREATE FUNCTION smsqld_partition_is_out(name text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    RETURN NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass(name));
END $$;

-- Nothing below waits longer than 20 ms for a lock, since whoever comes after a lock that waits waits as well.
-- Each may be called again by whoever did not hear that it was done.

-- Makes one range, when fewer than that many lie ahead. To attach a table keeps nobody from writing, unlike
-- CREATE TABLE ... PARTITION OF.
CREATE FUNCTION smsqld_partition_ahead(ranges bigint) RETURNS TABLE (made bigint, ahead bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '20ms' AS $$
DECLARE
    width bigint := (SELECT r.width FROM outbox_range r);
    here bigint := (SELECT s.last_value / width FROM outbox_id_seq s);
    n bigint := here;
BEGIN
    WHILE n <= here + ranges AND to_regclass('outbox_p' || n) IS NOT NULL LOOP
        n := n + 1;
    END LOOP;
    made := 0;
    IF n <= here + ranges THEN
        EXECUTE format('CREATE TABLE outbox_part_p%s (LIKE outbox_part INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', n);
        EXECUTE format('ALTER TABLE outbox_part ATTACH PARTITION outbox_part_p%s FOR VALUES FROM (%s) TO (%s)',
                       n, n * width, (n + 1) * width);
        -- As outbox in schema.sql has it; and what lets it be attached again without being read.
        EXECUTE format('CREATE TABLE outbox_p%s (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS, '
                       'CONSTRAINT outbox_p%s_range CHECK (id >= %s AND id < %s)) WITH (fillfactor = 50, '
                       'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, '
                       'autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, '
                       'autovacuum_vacuum_cost_delay = 0)', n, n, n * width, (n + 1) * width);
        EXECUTE format('ALTER TABLE outbox ATTACH PARTITION outbox_p%s FOR VALUES FROM (%s) TO (%s)',
                       n, n * width, (n + 1) * width);
        made := 1;
        n := n + 1;
    END IF;
    ahead := n - here - 1;
    RETURN NEXT;
END $$;

-- Looks at the next rows of a range: does one of them stay? young: because it is younger than what is kept.
-- The conditions are those of KEEP_OUTBOX in statements.sql.
CREATE FUNCTION smsqld_partition_look(name text, after bigint, most bigint, keep_s bigint, unconfirmed_s bigint)
RETURNS TABLE (last bigint, seen bigint, stays bigint, young bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    kept timestamptz := statement_timestamp() - keep_s * interval '1 second';
    confirmed timestamptz := statement_timestamp() - greatest(keep_s, unconfirmed_s) * interval '1 second';
BEGIN
    PERFORM smsqld_partition_number(name);
    RETURN QUERY EXECUTE format(
        'SELECT coalesce(max(o.id), 0), count(*), count(*) FILTER (WHERE NOT (o.queue = 2 AND '
        'CASE WHEN o.status IN (''delivered'', ''undelivered'', ''failed'', ''expired'', ''cancelled'') '
        'THEN coalesce(o.done_at, o.created_at) < $3 '
        'WHEN o.status = ''sent'' AND NOT o.receipt THEN coalesce(o.sent_at < $3, false) '
        'WHEN o.status = ''sent'' AND $5 > 0 THEN coalesce(o.sent_at < $4, false) ELSE false END)), '
        'count(*) FILTER (WHERE o.created_at >= $3) '
        'FROM (SELECT * FROM %I p WHERE p.id > $1 ORDER BY p.id LIMIT $2) AS o', name)
      USING after, most, kept, confirmed, unconfirmed_s;
END $$;

-- Takes a range out, when no id of it will be given any more and nothing of it is in the queue. (What stays
-- in some other way is found when it is looked at again: out of outbox nothing changes any more.)
CREATE FUNCTION smsqld_partition_take_out(name text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '20ms' AS $$
DECLARE
    waits boolean;
BEGIN
    IF smsqld_partition_is_out(name) THEN
        RETURN 1;
    END IF;
    IF (smsqld_partition_number(name) + 1) * (SELECT width FROM outbox_range) >
       (SELECT last_value FROM outbox_id_seq) THEN
        RETURN 0;
    END IF;
    LOCK TABLE ONLY outbox IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', name);
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I WHERE queue = 0) OR EXISTS (SELECT 1 FROM %1$I WHERE queue = 1) '
                   'OR EXISTS (SELECT 1 FROM %1$I WHERE queue = 3)', name) INTO waits;
    IF waits THEN
        RETURN 0;
    END IF;
    EXECUTE format('ALTER TABLE outbox DETACH PARTITION %I', name);
    RETURN 1;
END $$;

CREATE FUNCTION smsqld_partition_put_back(name text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '20ms' AS $$
DECLARE
    n bigint := smsqld_partition_number(name);
    width bigint := (SELECT r.width FROM outbox_range r);
BEGIN
    IF smsqld_partition_is_out(name) THEN
        EXECUTE format('ALTER TABLE outbox ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                       name, n * width, (n + 1) * width);
    END IF;
    RETURN 1;
END $$;

-- Refs of a range that was taken out.
CREATE FUNCTION smsqld_partition_refs(name text, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '20ms' AS $$
DECLARE
    n bigint := smsqld_partition_number(name);
    width bigint := (SELECT r.width FROM outbox_range r);
    gone bigint;
BEGIN
    DELETE FROM outbox_ref WHERE outbox_id = ANY (ARRAY (
        SELECT outbox_id FROM outbox_ref WHERE outbox_id >= n * width AND outbox_id < (n + 1) * width
         ORDER BY outbox_id LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- Drops a range that was taken out, with its parts.
CREATE FUNCTION smsqld_partition_drop(name text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '20ms' AS $$
BEGIN
    PERFORM smsqld_partition_number(name);
    IF to_regclass(name) IS NULL OR NOT smsqld_partition_is_out(name) THEN
        RETURN 0;
    END IF;
    LOCK TABLE ONLY outbox_part IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('DROP TABLE %I', replace(name, 'outbox_p', 'outbox_part_p'));
    EXECUTE format('DROP TABLE %I', name);
    RETURN 1;
END $$;

REVOKE ALL ON FUNCTION smsqld_partition_ahead, smsqld_partition_look, smsqld_partition_take_out,
    smsqld_partition_put_back, smsqld_partition_refs, smsqld_partition_drop FROM PUBLIC;

SELECT smsqld_partition_ahead(3);
SELECT smsqld_partition_ahead(3);
SELECT smsqld_partition_ahead(3);
SELECT smsqld_partition_ahead(3);
