-- SPDX-License-Identifier: Apache-2.0
-- upgrade_2.sql - tables of version 1 into version 2, in SQLite.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped.
--
-- New: outbox.encoding; outbox_part.digest; inbox rows are whole messages, whose parts wait in inbox_set
-- and inbox_part. Parts that version 1 put into inbox one by one stay as they are, with
-- the others counted as missing; which part it was stands in options.

ALTER TABLE outbox ADD COLUMN encoding TEXT;
ALTER TABLE outbox_part ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;

CREATE TABLE inbox_2 (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    sender        TEXT    NOT NULL,
    recipient     TEXT    NOT NULL,
    body          TEXT,
    data          BLOB,
    udh           BLOB,
    kind          TEXT    NOT NULL DEFAULT 'text',
    link          TEXT    NOT NULL,
    network_time  TEXT,
    parts         INTEGER NOT NULL DEFAULT 1,
    missing       INTEGER NOT NULL DEFAULT 0,
    encoding      TEXT,
    options       TEXT,
    keyword       TEXT,
    app           TEXT    NOT NULL DEFAULT '',
    dup_of        INTEGER,
    arrival       TEXT    UNIQUE,
    taken_at      TEXT
);
INSERT INTO inbox_2 (id, received_at, sender, recipient, body, data, udh, kind, link, network_time,
                     parts, missing, options, keyword, app, dup_of, arrival, taken_at)
SELECT id, received_at, sender, recipient, body, data, udh, kind, link, network_time,
       coalesce(parts, 1), CASE WHEN parts > 1 AND part IS NOT NULL THEN parts - 1 ELSE 0 END,
       CASE WHEN parts > 1 AND part IS NOT NULL THEN json_object('ref', part_ref, 'part', part) END,
       keyword, app, dup_of, arrival, taken_at
  FROM inbox;
-- An id is never given twice, also when the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'inbox_2';
INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox_2', seq FROM sqlite_sequence WHERE name = 'inbox';
DROP TABLE inbox;
ALTER TABLE inbox_2 RENAME TO inbox;
CREATE INDEX inbox_new ON inbox (id) WHERE taken_at IS NULL;

CREATE TABLE inbox_set (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    link          TEXT    NOT NULL,
    sender        TEXT    NOT NULL,
    recipient     TEXT    NOT NULL,
    wide          INTEGER NOT NULL,
    ref           INTEGER NOT NULL,
    parts         INTEGER NOT NULL,
    opened_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    last_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    letter        TEXT
);
CREATE UNIQUE INDEX inbox_set_open ON inbox_set (link, sender, recipient, wide, ref, parts)
    WHERE letter IS NULL;
CREATE INDEX inbox_set_key ON inbox_set (link, sender, recipient, wide, ref, parts);
CREATE INDEX inbox_set_kept ON inbox_set (last_at) WHERE letter IS NOT NULL;

CREATE TABLE inbox_part (
    set_id        INTEGER NOT NULL,
    part          INTEGER NOT NULL,
    arrival       TEXT    NOT NULL UNIQUE,
    charset       TEXT    NOT NULL,
    data_coding   INTEGER NOT NULL,
    protocol_id   INTEGER NOT NULL,
    octets        BLOB,
    udh           BLOB,
    options       TEXT,
    received_at   INTEGER NOT NULL,
    network_at    INTEGER NOT NULL,
    PRIMARY KEY (set_id, part)
) WITHOUT ROWID;

UPDATE smsqld_schema SET version = 2;
