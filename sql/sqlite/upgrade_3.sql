-- SPDX-License-Identifier: Apache-2.0
-- upgrade_3.sql - tables of version 2 into version 3, in SQLite.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped.
--
-- New: command, what is asked of the network about messages that it has; ussd, dialogues;
-- outbox_part.recipient, for one message to several.

ALTER TABLE link ADD COLUMN account TEXT NOT NULL DEFAULT '';
CREATE TABLE outbox_part_3 (
    outbox_id     INTEGER NOT NULL,
    part          INTEGER NOT NULL,
    link          TEXT    NOT NULL,
    message_id    TEXT    NOT NULL DEFAULT '',
    status        TEXT    NOT NULL
                  CHECK (status IN ('queued', 'sent', 'delivered', 'undelivered', 'failed', 'doubtful')),
    error_code    INTEGER,
    error_text    TEXT,
    digest        INTEGER NOT NULL DEFAULT 0,
    recipient     TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (outbox_id, part, recipient)
) WITHOUT ROWID;
INSERT INTO outbox_part_3 (outbox_id, part, link, message_id, status, error_code, error_text, digest)
SELECT outbox_id, part, link, message_id, status, error_code, error_text, digest FROM outbox_part;
DROP TABLE outbox_part;
ALTER TABLE outbox_part_3 RENAME TO outbox_part;
CREATE INDEX outbox_part_network_id ON outbox_part (link, ltrim(lower(message_id), '0'))
    WHERE message_id <> '';

CREATE TABLE command (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    what          TEXT    NOT NULL
                  CHECK (what IN ('query', 'cancel', 'replace')),
    outbox_id     INTEGER,
    link          TEXT,
    message_id    TEXT,
    sender        TEXT    NOT NULL DEFAULT '',
    recipient     TEXT    NOT NULL DEFAULT '',
    body          TEXT,
    options       TEXT,
    created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    status        TEXT    NOT NULL DEFAULT 'asked'
                  CHECK (status IN ('asked', 'sending', 'done', 'refused', 'failed')),
    owner         TEXT,
    claimed_at    TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    answer        TEXT,
    answer_at     TEXT,
    error_code    INTEGER,
    error_text    TEXT,
    done_at       TEXT
);
CREATE INDEX command_asked ON command (id) WHERE status = 'asked';
CREATE INDEX command_claimed ON command (owner) WHERE status = 'sending';

CREATE TABLE ussd (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    link          TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,
    code          TEXT    NOT NULL DEFAULT '',
    session       INTEGER NOT NULL DEFAULT -1,
    sequence      INTEGER NOT NULL DEFAULT -1,
    status        TEXT    NOT NULL DEFAULT 'open'
                  CHECK (status IN ('open', 'ended')),
    turns         INTEGER NOT NULL DEFAULT 0,
    last_op       TEXT    NOT NULL DEFAULT '',
    reply         TEXT,
    inbox_id      INTEGER,
    outbox_id     INTEGER,
    opened_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    last_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    ended_at      TEXT,
    reason        TEXT
);
CREATE UNIQUE INDEX ussd_open ON ussd (link, msisdn, session) WHERE status = 'open';
CREATE INDEX ussd_handset ON ussd (link, msisdn, id);
CREATE INDEX ussd_quiet ON ussd (last_at) WHERE status = 'open';

UPDATE smsqld_schema SET version = 3;
