-- SPDX-License-Identifier: Apache-2.0
-- upgrade_2.sql - tables of version 1 into version 2, in PostgreSQL.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped; by hand:
-- psql -1 -f upgrade_2.sql DATABASE
--
-- New: outbox.encoding; outbox_part.digest; inbox rows are whole messages, whose parts wait in inbox_set
-- and inbox_part. Parts that version 1 put into inbox one by one stay as they are, with
-- the others counted as missing; which part it was stands in options.

ALTER TABLE outbox ADD COLUMN encoding text;
ALTER TABLE outbox_part ADD COLUMN digest bigint NOT NULL DEFAULT 0;

ALTER TABLE inbox ADD COLUMN missing smallint NOT NULL DEFAULT 0, ADD COLUMN encoding text,
    ADD COLUMN options jsonb;
UPDATE inbox
   SET missing = parts - 1, options = jsonb_build_object('ref', part_ref, 'part', part)
 WHERE parts > 1 AND part IS NOT NULL;
UPDATE inbox SET parts = 1 WHERE parts IS NULL;
ALTER TABLE inbox ALTER COLUMN parts SET DEFAULT 1, ALTER COLUMN parts SET NOT NULL,
    DROP COLUMN part_ref, DROP COLUMN part;

CREATE TABLE inbox_set (
    id            bigserial PRIMARY KEY,
    link          text NOT NULL,
    sender        text NOT NULL,
    recipient     text NOT NULL,
    wide          smallint NOT NULL,
    ref           integer NOT NULL,
    parts         smallint NOT NULL,
    opened_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    last_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    letter        text
);
CREATE UNIQUE INDEX inbox_set_open ON inbox_set (link, sender, recipient, wide, ref, parts)
    WHERE letter IS NULL;
CREATE INDEX inbox_set_key ON inbox_set (link, sender, recipient, wide, ref, parts);
CREATE INDEX inbox_set_kept ON inbox_set (last_at) WHERE letter IS NOT NULL;

CREATE TABLE inbox_part (
    set_id        bigint NOT NULL,
    part          smallint NOT NULL,
    arrival       text NOT NULL UNIQUE,
    charset       text NOT NULL,
    data_coding   smallint NOT NULL,
    protocol_id   smallint NOT NULL,
    octets        bytea,
    udh           bytea,
    options       text,
    received_at   bigint NOT NULL,
    network_at    bigint NOT NULL,
    PRIMARY KEY (set_id, part)
);

UPDATE smsqld_schema SET version = 2;
