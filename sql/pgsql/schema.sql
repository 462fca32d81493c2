-- SPDX-License-Identifier: Apache-2.0
-- schema.sql - the tables of smsqld in PostgreSQL (12 or newer).
--
-- `smsqlctl init` runs this; by hand: psql -1 -f schema.sql DATABASE
--
-- For an application:
--
--   send      INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'Hello');
--   look      SELECT status, error_text FROM outbox WHERE id = 17;
--   cancel    UPDATE outbox SET status = 'cancelled' WHERE id = 17 AND status = 'queued';
--   ask       INSERT INTO command (what, outbox_id) VALUES ('query', 17);
--   hold      UPDATE outbox SET status = 'held' WHERE id = 17 AND status = 'queued';
--   release   UPDATE outbox SET status = 'queued', queue = 0 WHERE id = 17 AND status = 'held';
--   read      SELECT id, sender, body FROM inbox WHERE taken_at IS NULL ORDER BY id
--             FOR UPDATE SKIP LOCKED;
--   done      UPDATE inbox SET taken_at = now() WHERE id = 5;
--
-- Rights: an application needs SELECT, INSERT and UPDATE (status, queue) on outbox, SELECT and
-- INSERT on command, USAGE on the sequences of both, SELECT and UPDATE (taken_at) on inbox; the gateway needs SELECT, INSERT and
-- UPDATE on all tables, DELETE on inbox_set and inbox_part, and USAGE on all sequences; to delete old rows
-- (keep_outbox and others of smsqld.conf), DELETE on outbox, outbox_part, inbox, receipt, command and ussd.

CREATE TYPE sms_status AS ENUM ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                                'failed', 'expired', 'doubtful', 'held', 'cancelled');

CREATE TABLE smsqld_schema (            -- marks the tables as ours
    version       bigint NOT NULL,
    installed_at  timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO smsqld_schema (version) VALUES (4);

CREATE TABLE outbox (
    id            bigserial PRIMARY KEY,

    -- By the application. Only recipient is required.
    recipient     text NOT NULL,                    -- digits, with an optional leading +
    body          text NOT NULL DEFAULT '',         -- UTF-8
    sender        text NOT NULL DEFAULT '',         -- number or name; '': the network's default
    data          bytea,                            -- octets, for binary kinds
    kind          text NOT NULL DEFAULT 'text',     -- text, flash, binary ...: docs/options.md
    app           text NOT NULL DEFAULT '',         -- which application
    ref           text,                             -- its own id; unique for each app, so that an
                                                    -- INSERT can be repeated safely
    route         text NOT NULL DEFAULT '',         -- a route of the configuration; '': the default
    link          text,                             -- this link and no other
    priority      smallint NOT NULL DEFAULT 1       -- 0 goes first, 9 last
                  CHECK (priority BETWEEN 0 AND 9),
    send_after    timestamptz(3) NOT NULL           -- not before; truncated, so that now is not later
                  DEFAULT date_trunc('milliseconds', clock_timestamp()),
    expires_at    timestamptz(3),                   -- not sent after that; NULL: never expires
    receipt       boolean NOT NULL DEFAULT true,    -- a delivery receipt is wanted
    in_doubt      text                              -- sent but never answered: resend or hold;
                  CHECK (in_doubt IN ('resend', 'hold')), -- NULL: as configured. ussd: hold
    options       jsonb,                            -- JSON object: docs/options.md
    created_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),

    -- By the gateway.
    queue         smallint NOT NULL DEFAULT 0,      -- 0 ready, 1 claimed, 2 out, 3 parked for a link
    lane          text,                             -- the link it is parked for, when queue = 3
    status        sms_status NOT NULL DEFAULT 'queued',
    attempts      smallint NOT NULL DEFAULT 0,      -- how often it was tried
    owner         text,                             -- gateway/epoch that has claimed it
    claim         bigint,                           -- names the claim, so that it can be asked for again
    link_used     text,                             -- the link that took it last
    parts         smallint,                         -- message parts, times recipients when there are
                                                    -- several; more than one: see outbox_part
    encoding      text,                             -- gsm7, ucs2, binary; "gsm7 Turkish"
    message_id    text,                             -- the network's own
    error_code    bigint,                           -- the protocol's number
    error_text    text,                             -- the last failure, or what it waits for, in words
    claimed_at    timestamptz(3),
    sent_at       timestamptz(3),                   -- the network took it
    done_at       timestamptz(3)                    -- delivered, undelivered, failed, expired, cancelled
) WITH (
    -- Room on each page for the version that a receipt writes, so that it stays there.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);
-- The queue. `status` is in none of them, so a receipt changes no index.
CREATE INDEX outbox_ready ON outbox (route, priority, send_after, id) WHERE queue = 0;
CREATE INDEX outbox_claimed ON outbox (owner) WHERE queue = 1;
CREATE INDEX outbox_parked ON outbox (lane, priority, send_after, id) WHERE queue = 3;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE queue IN (0, 3) AND expires_at IS NOT NULL;
-- How receipts find their message: lower case (of ASCII, in any locale), no leading zeros.
CREATE INDEX outbox_network_id ON outbox (link_used, ltrim(lower(message_id COLLATE "C"), '0'))
    WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_ref ON outbox (app, ref) WHERE ref IS NOT NULL;

CREATE TABLE outbox_part (              -- parts of messages that have more than one, or several recipients
    outbox_id     bigint NOT NULL,
    part          smallint NOT NULL,                -- 1 ..
    link          text NOT NULL,
    message_id    text NOT NULL DEFAULT '',
    status        sms_status NOT NULL,              -- queued: the network has not taken it
    error_code    bigint,
    error_text    text,
    digest        bigint NOT NULL DEFAULT 0,        -- of its octets: is it still the same part?
    recipient     text NOT NULL DEFAULT '',         -- of one message to several: a row for each;
    PRIMARY KEY (outbox_id, part, recipient)        -- '': the message's own
);
CREATE INDEX outbox_part_network_id ON outbox_part (link, ltrim(lower(message_id COLLATE "C"), '0'))
    WHERE message_id <> '';

CREATE TABLE inbox (                    -- messages from handsets
    id            bigserial PRIMARY KEY,
    received_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    sender        text NOT NULL,
    recipient     text NOT NULL,
    body          text,                             -- UTF-8; NULL when it is no text
    data          bytea,                            -- then these octets
    udh           bytea,                            -- user data header, with its length octet
    kind          text NOT NULL DEFAULT 'text',     -- text, flash, binary, vcard, alert ...
    link          text NOT NULL,                    -- where it came in
    network_time  timestamptz(3),                   -- when the network took it, if it says so
    parts         smallint NOT NULL DEFAULT 1,      -- message parts that it had
    missing       smallint NOT NULL DEFAULT 0,      -- of these, so many never came
    encoding      text,                             -- how it came: gsm7, ucs2, binary, latin1 ...
    options       jsonb,                            -- what else was said: ports, class, TLVs
    keyword       text,
    app           text NOT NULL DEFAULT '',
    outbox_id     bigint,                           -- the message that it answers: of kind ussd, to a code
    dup_of        bigint,                           -- it looks like a repeat of this one
    arrival       text    UNIQUE,                   -- so that our own retry stores it once
    taken_at      timestamptz(3)                    -- by the application, when it has read it
);
CREATE INDEX inbox_new ON inbox (id) WHERE taken_at IS NULL;

-- Long messages whose parts are still coming. Applications have no business here.
CREATE TABLE inbox_set (                -- a message of several parts
    id            bigserial PRIMARY KEY,
    link          text NOT NULL,
    sender        text NOT NULL,
    recipient     text NOT NULL,
    wide          smallint NOT NULL,                -- 1: the reference has 16 bits
    ref           integer NOT NULL,
    parts         smallint NOT NULL,
    opened_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    last_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(), -- its last part came
    letter        text                              -- inbox.arrival of the whole; NULL: still open.
);                                                  -- Kept for a while, to know repeats.
CREATE UNIQUE INDEX inbox_set_open ON inbox_set (link, sender, recipient, wide, ref, parts)
    WHERE letter IS NULL;
CREATE INDEX inbox_set_key ON inbox_set (link, sender, recipient, wide, ref, parts);
CREATE INDEX inbox_set_kept ON inbox_set (last_at) WHERE letter IS NOT NULL;

CREATE TABLE inbox_part (               -- as it came
    set_id        bigint NOT NULL,
    part          smallint NOT NULL,                -- 1 ..
    arrival       text NOT NULL UNIQUE,
    charset       text NOT NULL,
    data_coding   smallint NOT NULL,
    protocol_id   smallint NOT NULL,
    octets        bytea,
    udh           bytea,
    options       text,
    received_at   bigint NOT NULL,                  -- Unix seconds
    network_at    bigint NOT NULL,                  -- 0: not said
    PRIMARY KEY (set_id, part)
);

CREATE TABLE receipt (                  -- every delivery report as it came
    id            bigserial PRIMARY KEY,
    received_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    link          text NOT NULL,
    message_id    text NOT NULL,                    -- as the network wrote it
    recipient     text NOT NULL DEFAULT '',
    status        sms_status NOT NULL,              -- sent (on its way), delivered, undelivered
    word          text NOT NULL DEFAULT '',         -- the network's word: DELIVRD
    error_code    bigint,
    error_text    text,
    done_at       timestamptz(3),                   -- by the network's clock
    outbox_id     bigint,                           -- the message; NULL: not found (yet)
    other_ids     text NOT NULL DEFAULT ''          -- and then: message_id in other bases
);
CREATE INDEX receipt_unmatched ON receipt (link, ltrim(lower(message_id COLLATE "C"), '0'))
    WHERE outbox_id IS NULL;
-- (The second condition is always true; it keeps this index to those who ask by time.)
CREATE INDEX receipt_open ON receipt (received_at, id)
    WHERE outbox_id IS NULL AND received_at IS NOT NULL;

CREATE TABLE command (                  -- asked of the network about messages that it has
    id            bigserial PRIMARY KEY,

    -- By the application: a message of outbox, or what names one at a link (docs/commands.md).
    what          text NOT NULL                     -- query, cancel, replace
                  CHECK (what IN ('query', 'cancel', 'replace')),
    outbox_id     bigint,                           -- this message, every part of it
    link          text,                             -- or the one that this link
    message_id    text,                             -- calls so; NULL, to cancel: all that wait
    sender        text NOT NULL DEFAULT '',         -- from this sender
    recipient     text NOT NULL DEFAULT '',         -- to this recipient
    body          text,                             -- the text that replaces the old one
    options       jsonb,                            -- with link: how it was sent: docs/commands.md
    created_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),

    -- By the gateway.
    status        text NOT NULL DEFAULT 'asked'     -- asked, sending; then done, refused, failed
                  CHECK (status IN ('asked', 'sending', 'done', 'refused', 'failed')),
    owner         text,                             -- gateway/epoch that has claimed it
    claimed_at    timestamptz(3),
    attempts      smallint NOT NULL DEFAULT 0,      -- how often it was claimed
    answer        text,                             -- to a query: enroute, delivered ...: docs/commands.md
    answer_at     timestamptz(3),                   -- and when the message came to that
    error_code    bigint,                           -- the protocol's number
    error_text    text,                             -- why it was refused, or failed, in words
    done_at       timestamptz(3)
);
CREATE INDEX command_asked ON command (id) WHERE status = 'asked';
CREATE INDEX command_claimed ON command (owner) WHERE status = 'sending';

CREATE TABLE ussd (                     -- dialogues with handsets over USSD: docs/ussd.md
    id            bigserial PRIMARY KEY,
    link          text NOT NULL,
    msisdn        text NOT NULL,                    -- the handset; or the code that we dialled
    code          text NOT NULL DEFAULT '',         -- the service: outbox.sender of an answer
    session       bigint NOT NULL DEFAULT -1,       -- as the network numbers it; -1: it does not
    sequence      integer NOT NULL DEFAULT -1,      -- of the handset's last message; -1: not said
    status        text NOT NULL DEFAULT 'open'
                  CHECK (status IN ('open', 'ended')),
    turns         integer NOT NULL DEFAULT 0,       -- messages, both ways
    last_op       text NOT NULL DEFAULT '',         -- the last one's operation
    reply         jsonb,                            -- outbox.options for the next answer; NULL: none is due
    inbox_id      bigint,                           -- the other side's last message
    outbox_id     bigint,                           -- our last one that was settled
    opened_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    last_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz(3),
    reason        text                              -- why it ended
);
CREATE UNIQUE INDEX ussd_open ON ussd (link, msisdn, session) WHERE status = 'open';
CREATE INDEX ussd_handset ON ussd (link, msisdn, id);
CREATE INDEX ussd_quiet ON ussd (last_at) WHERE status = 'open';

CREATE TABLE gateway (                  -- a row for each gateway on these tables
    name          text    PRIMARY KEY,
    epoch         bigint NOT NULL,                  -- counts its starts
    state         text NOT NULL,                    -- running, stopped, dead
    alive_until   timestamptz(3) NOT NULL,          -- the end of its lease
    started_at    timestamptz(3) NOT NULL,
    version       text NOT NULL,
    host          text NOT NULL,
    pid           bigint NOT NULL
);

CREATE TABLE link (                     -- a row for each link of each gateway
    gateway       text NOT NULL,
    name          text NOT NULL,
    driver        text NOT NULL,
    account       text NOT NULL DEFAULT '',         -- with the provider; links of one share receipts
    state         text NOT NULL,                    -- up, held, resting, connecting, down, draining,
                                                    -- stopped; resting: a quota is used up
    reason        text NOT NULL DEFAULT '',         -- why it is not up, or slow; TLS: its certificate
    since         timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    wanted        text NOT NULL DEFAULT 'run'       -- by the operator:
                  CHECK (wanted IN ('run', 'hold', 'drain')), -- UPDATE link SET wanted = 'hold' WHERE ...
    window_size   bigint NOT NULL,
    queued        bigint NOT NULL,                  -- parts waiting in the gateway
    unanswered    bigint NOT NULL,                  -- parts on the wire
    rate          bigint NOT NULL,                  -- configured limit, parts a second; 0: none
    interval_ms   bigint NOT NULL DEFAULT 0,        -- configured: between parts, at least; 0: none
    quota_hour    bigint NOT NULL DEFAULT 0,        -- configured: parts at most; 0: none
    quota_day     bigint NOT NULL DEFAULT 0,
    quota_month   bigint NOT NULL DEFAULT 0,
    used_hour     bigint NOT NULL DEFAULT 0,        -- parts that the network took or may have taken, in
    used_day      bigint NOT NULL DEFAULT 0,        -- the hour, the day and the month of used_at, by the
    used_month    bigint NOT NULL DEFAULT 0,        -- local time of the gateway: docs/pools.md
    used_at       timestamptz(3),                   -- the last of them left; NULL: none ever did
    sent          bigint NOT NULL,                  -- parts since the gateway started
    failed        bigint NOT NULL,
    receipts      bigint NOT NULL,
    received      bigint NOT NULL,
    updated_at    timestamptz(3) NOT NULL,
    PRIMARY KEY (gateway, name)
);
