-- SPDX-License-Identifier: Apache-2.0
-- upgrade_3.sql - tables of version 2 into version 3, in PostgreSQL.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped; by hand:
-- psql -1 -f upgrade_3.sql DATABASE
--
-- New: command, what is asked of the network about messages that it has; ussd, dialogues;
-- outbox_part.recipient, for one message to several.

ALTER TABLE link ADD COLUMN account text NOT NULL DEFAULT '';
ALTER TABLE outbox_part ADD COLUMN recipient text NOT NULL DEFAULT '';
ALTER TABLE outbox_part DROP CONSTRAINT outbox_part_pkey, ADD PRIMARY KEY (outbox_id, part, recipient);
CREATE TABLE command (
    id            bigserial PRIMARY KEY,
    what          text NOT NULL
                  CHECK (what IN ('query', 'cancel', 'replace')),
    outbox_id     bigint,
    link          text,
    message_id    text,
    sender        text NOT NULL DEFAULT '',
    recipient     text NOT NULL DEFAULT '',
    body          text,
    options       jsonb,
    created_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    status        text NOT NULL DEFAULT 'asked'
                  CHECK (status IN ('asked', 'sending', 'done', 'refused', 'failed')),
    owner         text,
    claimed_at    timestamptz(3),
    attempts      smallint NOT NULL DEFAULT 0,
    answer        text,
    answer_at     timestamptz(3),
    error_code    bigint,
    error_text    text,
    done_at       timestamptz(3)
);
CREATE INDEX command_asked ON command (id) WHERE status = 'asked';
CREATE INDEX command_claimed ON command (owner) WHERE status = 'sending';

CREATE TABLE ussd (
    id            bigserial PRIMARY KEY,
    link          text NOT NULL,
    msisdn        text NOT NULL,
    code          text NOT NULL DEFAULT '',
    session       bigint NOT NULL DEFAULT -1,
    sequence      integer NOT NULL DEFAULT -1,
    status        text NOT NULL DEFAULT 'open'
                  CHECK (status IN ('open', 'ended')),
    turns         integer NOT NULL DEFAULT 0,
    last_op       text NOT NULL DEFAULT '',
    reply         jsonb,
    inbox_id      bigint,
    outbox_id     bigint,
    opened_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    last_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz(3),
    reason        text
);
CREATE UNIQUE INDEX ussd_open ON ussd (link, msisdn, session) WHERE status = 'open';
CREATE INDEX ussd_handset ON ussd (link, msisdn, id);
CREATE INDEX ussd_quiet ON ussd (last_at) WHERE status = 'open';

UPDATE smsqld_schema SET version = 3;
