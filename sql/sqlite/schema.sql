-- SPDX-License-Identifier: Apache-2.0
-- schema.sql - the tables of smsqld in SQLite (3.35 or newer).
--
-- `smsqlctl init` runs this; by hand: sqlite3 sms.db < schema.sql
--
-- Times are text in UTC, 'YYYY-MM-DD HH:MM:SS.SSS', as datetime('now') writes them
-- (the milliseconds may be left out). For an application:
--
--   send      INSERT INTO outbox (recipient, body) VALUES ('+36201234567', 'Hello');
--   look      SELECT status, error_text FROM outbox WHERE id = 17;
--   cancel    UPDATE outbox SET status = 'cancelled' WHERE id = 17 AND status = 'queued';
--   ask       INSERT INTO command (what, outbox_id) VALUES ('query', 17);
--   hold      UPDATE outbox SET status = 'held' WHERE id = 17 AND status = 'queued';
--   release   UPDATE outbox SET status = 'queued', queue = 0 WHERE id = 17 AND status = 'held';
--   read      SELECT id, sender, body FROM inbox WHERE taken_at IS NULL ORDER BY id;
--   done      UPDATE inbox SET taken_at = datetime('now') WHERE id = 5;
--
-- Open the file with PRAGMA busy_timeout = 5000: there is one writer at a time.
-- PRAGMA synchronous = FULL makes your INSERT survive a power loss, too.

PRAGMA journal_mode = WAL;

CREATE TABLE smsqld_schema (            -- marks the tables as ours
    version       INTEGER NOT NULL,
    installed_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
INSERT INTO smsqld_schema (version) VALUES (4);

CREATE TABLE outbox (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,

    -- By the application. Only recipient is required.
    recipient     TEXT    NOT NULL,                 -- digits, with an optional leading +
    body          TEXT    NOT NULL DEFAULT '',      -- UTF-8
    sender        TEXT    NOT NULL DEFAULT '',      -- number or name; '': the network's default
    data          BLOB,                             -- octets, for binary kinds
    kind          TEXT    NOT NULL DEFAULT 'text',  -- text, flash, binary ...: docs/options.md
    app           TEXT    NOT NULL DEFAULT '',      -- which application
    ref           TEXT,                             -- its own id; unique for each app, so that an
                                                    -- INSERT can be repeated safely
    route         TEXT    NOT NULL DEFAULT '',      -- a route of the configuration; '': the default
    link          TEXT,                             -- this link and no other
    priority      INTEGER NOT NULL DEFAULT 1        -- 0 goes first, 9 last
                  CHECK (priority BETWEEN 0 AND 9),
    send_after    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
                  CHECK (send_after GLOB '????-??-?? ??:??:??*'),
    expires_at    TEXT                              -- not sent after that; NULL: never expires
                  CHECK (expires_at GLOB '????-??-?? ??:??:??*'),
    receipt       INTEGER NOT NULL DEFAULT 1        -- 1: a delivery receipt is wanted
                  CHECK (receipt IN (0, 1)),
    in_doubt      TEXT                              -- sent but never answered: resend or hold;
                  CHECK (in_doubt IN ('resend', 'hold')), -- NULL: as configured. ussd: hold
    options       TEXT,                             -- JSON object: docs/options.md
    created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),

    -- By the gateway.
    queue         INTEGER NOT NULL DEFAULT 0,       -- 0 ready, 1 claimed, 2 out, 3 parked for a link
    lane          TEXT,                             -- the link it is parked for, when queue = 3
    status        TEXT    NOT NULL DEFAULT 'queued'
                  -- Not as IN (...): SQLite makes a table of such a list each time it looks.
                  CHECK (status = 'queued' OR status = 'sending' OR status = 'sent' OR
                         status = 'delivered' OR status = 'undelivered' OR status = 'failed' OR
                         status = 'expired' OR status = 'doubtful' OR status = 'held' OR
                         status = 'cancelled'),
    attempts      INTEGER NOT NULL DEFAULT 0,       -- how often it was tried
    owner         TEXT,                             -- gateway/epoch that has claimed it
    claim         INTEGER,                          -- names the claim, so that it can be asked for again
    link_used     TEXT,                             -- the link that took it last
    parts         INTEGER,                          -- message parts, times recipients when there are
                                                    -- several; more than one: see outbox_part
    encoding      TEXT,                             -- gsm7, ucs2, binary; "gsm7 Turkish"
    message_id    TEXT,                             -- the network's own
    error_code    INTEGER,                          -- the protocol's number
    error_text    TEXT,                             -- the last failure, or what it waits for, in words
    claimed_at    TEXT,
    sent_at       TEXT,                             -- the network took it
    done_at       TEXT                              -- delivered, undelivered, failed, expired, cancelled
);
-- The queue. `status` is in none of them, so a receipt changes no index.
CREATE INDEX outbox_ready ON outbox (route, priority, send_after, id) WHERE queue = 0;
CREATE INDEX outbox_claimed ON outbox (owner) WHERE queue = 1;
CREATE INDEX outbox_parked ON outbox (lane, priority, send_after, id) WHERE queue = 3;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE queue IN (0, 3) AND expires_at IS NOT NULL;
-- How receipts find their message: lower case, without leading zeros.
CREATE INDEX outbox_network_id ON outbox (link_used, ltrim(lower(message_id), '0'))
    WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_ref ON outbox (app, ref) WHERE ref IS NOT NULL;

CREATE TABLE outbox_part (              -- parts of messages that have more than one, or several recipients
    outbox_id     INTEGER NOT NULL,
    part          INTEGER NOT NULL,                 -- 1 ..
    link          TEXT    NOT NULL,
    message_id    TEXT    NOT NULL DEFAULT '',
    status        TEXT    NOT NULL                  -- queued: the network has not taken it
                  CHECK (status = 'queued' OR status = 'sent' OR status = 'delivered' OR
                         status = 'undelivered' OR status = 'failed' OR status = 'doubtful'),
    error_code    INTEGER,
    error_text    TEXT,
    digest        INTEGER NOT NULL DEFAULT 0,       -- of its octets: is it still the same part?
    recipient     TEXT    NOT NULL DEFAULT '',      -- of one message to several: a row for each;
    PRIMARY KEY (outbox_id, part, recipient)        -- '': the message's own
) WITHOUT ROWID;
CREATE INDEX outbox_part_network_id ON outbox_part (link, ltrim(lower(message_id), '0'))
    WHERE message_id <> '';

CREATE TABLE inbox (                    -- messages from handsets
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    sender        TEXT    NOT NULL,
    recipient     TEXT    NOT NULL,
    body          TEXT,                             -- UTF-8; NULL when it is no text
    data          BLOB,                             -- then these octets
    udh           BLOB,                             -- user data header, with its length octet
    kind          TEXT    NOT NULL DEFAULT 'text',  -- text, flash, binary, vcard, alert ...
    link          TEXT    NOT NULL,                 -- where it came in
    network_time  TEXT,                             -- when the network took it, if it says so
    parts         INTEGER NOT NULL DEFAULT 1,       -- message parts that it had
    missing       INTEGER NOT NULL DEFAULT 0,       -- of these, so many never came
    encoding      TEXT,                             -- how it came: gsm7, ucs2, binary, latin1 ...
    options       TEXT,                             -- JSON: what else was said: ports, class, TLVs
    keyword       TEXT,
    app           TEXT    NOT NULL DEFAULT '',
    outbox_id     INTEGER,                          -- the message that it answers: of kind ussd, to a code
    dup_of        INTEGER,                          -- it looks like a repeat of this one
    arrival       TEXT    UNIQUE,                   -- so that our own retry stores it once
    taken_at      TEXT                              -- by the application, when it has read it
);
CREATE INDEX inbox_new ON inbox (id) WHERE taken_at IS NULL;

-- Long messages whose parts are still coming. Applications have no business here.
CREATE TABLE inbox_set (                -- a message of several parts
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    link          TEXT    NOT NULL,
    sender        TEXT    NOT NULL,
    recipient     TEXT    NOT NULL,
    wide          INTEGER NOT NULL,                 -- 1: the reference has 16 bits
    ref           INTEGER NOT NULL,
    parts         INTEGER NOT NULL,
    opened_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    last_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), -- last part came
    letter        TEXT                              -- inbox.arrival of the whole; NULL: still open.
);                                                  -- Kept for a while, to know repeats.
CREATE UNIQUE INDEX inbox_set_open ON inbox_set (link, sender, recipient, wide, ref, parts)
    WHERE letter IS NULL;
CREATE INDEX inbox_set_key ON inbox_set (link, sender, recipient, wide, ref, parts);
CREATE INDEX inbox_set_kept ON inbox_set (last_at) WHERE letter IS NOT NULL;

CREATE TABLE inbox_part (               -- as it came
    set_id        INTEGER NOT NULL,
    part          INTEGER NOT NULL,                 -- 1 ..
    arrival       TEXT    NOT NULL UNIQUE,
    charset       TEXT    NOT NULL,
    data_coding   INTEGER NOT NULL,
    protocol_id   INTEGER NOT NULL,
    octets        BLOB,
    udh           BLOB,
    options       TEXT,
    received_at   INTEGER NOT NULL,                 -- Unix seconds
    network_at    INTEGER NOT NULL,                 -- 0: not said
    PRIMARY KEY (set_id, part)
) WITHOUT ROWID;

CREATE TABLE receipt (                  -- every delivery report as it came
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    link          TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,                 -- as the network wrote it
    recipient     TEXT    NOT NULL DEFAULT '',
    status        TEXT    NOT NULL,                 -- sent (on its way), delivered, undelivered
    word          TEXT    NOT NULL DEFAULT '',      -- the network's word: DELIVRD
    error_code    INTEGER,
    error_text    TEXT,
    done_at       TEXT,                             -- by the network's clock
    outbox_id     INTEGER,                          -- the message; NULL: not found (yet)
    other_ids     TEXT    NOT NULL DEFAULT ''       -- and then: message_id in other bases
);
CREATE INDEX receipt_unmatched ON receipt (link, ltrim(lower(message_id), '0'))
    WHERE outbox_id IS NULL;
CREATE INDEX receipt_open ON receipt (received_at) WHERE outbox_id IS NULL;

CREATE TABLE command (                  -- asked of the network about messages that it has
    id            INTEGER PRIMARY KEY AUTOINCREMENT,

    -- By the application: a message of outbox, or what names one at a link (docs/commands.md).
    what          TEXT    NOT NULL                  -- query, cancel, replace
                  CHECK (what IN ('query', 'cancel', 'replace')),
    outbox_id     INTEGER,                          -- this message, every part of it
    link          TEXT,                             -- or the one that this link
    message_id    TEXT,                             -- calls so; NULL, to cancel: all that wait
    sender        TEXT    NOT NULL DEFAULT '',      -- from this sender
    recipient     TEXT    NOT NULL DEFAULT '',      -- to this recipient
    body          TEXT,                             -- the text that replaces the old one
    options       TEXT,                             -- with link: how it was sent: docs/commands.md
    created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),

    -- By the gateway.
    status        TEXT    NOT NULL DEFAULT 'asked'  -- asked, sending; then done, refused, failed
                  CHECK (status IN ('asked', 'sending', 'done', 'refused', 'failed')),
    owner         TEXT,                             -- gateway/epoch that has claimed it
    claimed_at    TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,       -- how often it was claimed
    answer        TEXT,                             -- to a query: enroute, delivered ...: docs/commands.md
    answer_at     TEXT,                             -- and when the message came to that
    error_code    INTEGER,                          -- the protocol's number
    error_text    TEXT,                             -- why it was refused, or failed, in words
    done_at       TEXT
);
CREATE INDEX command_asked ON command (id) WHERE status = 'asked';
CREATE INDEX command_claimed ON command (owner) WHERE status = 'sending';

CREATE TABLE ussd (                     -- dialogues with handsets over USSD: docs/ussd.md
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    link          TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,                 -- the handset; or the code that we dialled
    code          TEXT    NOT NULL DEFAULT '',      -- the service: outbox.sender of an answer
    session       INTEGER NOT NULL DEFAULT -1,      -- as the network numbers it; -1: it does not
    sequence      INTEGER NOT NULL DEFAULT -1,      -- of the handset's last message; -1: not said
    status        TEXT    NOT NULL DEFAULT 'open'
                  CHECK (status IN ('open', 'ended')),
    turns         INTEGER NOT NULL DEFAULT 0,       -- messages, both ways
    last_op       TEXT    NOT NULL DEFAULT '',      -- the last one's operation
    reply         TEXT,                             -- outbox.options for the next answer; NULL: none is due
    inbox_id      INTEGER,                          -- the other side's last message
    outbox_id     INTEGER,                          -- our last one that was settled
    opened_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    last_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    ended_at      TEXT,
    reason        TEXT                              -- why it ended
);
CREATE UNIQUE INDEX ussd_open ON ussd (link, msisdn, session) WHERE status = 'open';
CREATE INDEX ussd_handset ON ussd (link, msisdn, id);
CREATE INDEX ussd_quiet ON ussd (last_at) WHERE status = 'open';

CREATE TABLE gateway (                  -- a row for each gateway on these tables
    name          TEXT    PRIMARY KEY,
    epoch         INTEGER NOT NULL,                 -- counts its starts
    state         TEXT    NOT NULL,                 -- running, stopped, dead
    alive_until   TEXT    NOT NULL,                 -- the end of its lease
    started_at    TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    host          TEXT    NOT NULL,
    pid           INTEGER NOT NULL
);

CREATE TABLE link (                     -- a row for each link of each gateway
    gateway       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    driver        TEXT    NOT NULL,
    account       TEXT    NOT NULL DEFAULT '',      -- with the provider; links of one share receipts
    state         TEXT    NOT NULL,                 -- up, held, resting, connecting, down, draining,
                                                    -- stopped; resting: a quota is used up
    reason        TEXT    NOT NULL DEFAULT '',      -- why it is not up, or slow; TLS: its certificate
    since         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    wanted        TEXT    NOT NULL DEFAULT 'run'    -- by the operator:
                  CHECK (wanted IN ('run', 'hold', 'drain')), -- UPDATE link SET wanted = 'hold' WHERE ...
    window_size   INTEGER NOT NULL,
    queued        INTEGER NOT NULL,                 -- parts waiting in the gateway
    unanswered    INTEGER NOT NULL,                 -- parts on the wire
    rate          INTEGER NOT NULL,                 -- configured limit, parts a second; 0: none
    interval_ms   INTEGER NOT NULL DEFAULT 0,       -- configured: between parts, at least; 0: none
    quota_hour    INTEGER NOT NULL DEFAULT 0,       -- configured: parts at most; 0: none
    quota_day     INTEGER NOT NULL DEFAULT 0,
    quota_month   INTEGER NOT NULL DEFAULT 0,
    used_hour     INTEGER NOT NULL DEFAULT 0,       -- parts that the network took or may have taken, in
    used_day      INTEGER NOT NULL DEFAULT 0,       -- the hour, the day and the month of used_at, by the
    used_month    INTEGER NOT NULL DEFAULT 0,       -- local time of the gateway: docs/pools.md
    used_at       TEXT,                             -- the last of them left; NULL: none ever did
    sent          INTEGER NOT NULL,                 -- parts since the gateway started
    failed        INTEGER NOT NULL,
    receipts      INTEGER NOT NULL,
    received      INTEGER NOT NULL,
    updated_at    TEXT    NOT NULL,
    PRIMARY KEY (gateway, name)
) WITHOUT ROWID;
