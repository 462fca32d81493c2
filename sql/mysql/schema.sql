-- SPDX-License-Identifier: Apache-2.0
-- schema.sql - the tables of smsqld in MariaDB (10.6 or newer) and MySQL (8.0.23 or newer).
--
-- `smsqlctl init` runs this; by hand: mariadb DATABASE < schema.sql
--
-- Times are in UTC, DATETIME(3), whatever time zone a session has: write UTC_TIMESTAMP(3), not NOW().
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
--   done      UPDATE inbox SET taken_at = UTC_TIMESTAMP(3) WHERE id = 5;
--
-- Connect with a character set of utf8mb4. Rights: an application needs SELECT, INSERT and UPDATE (status, queue)
-- on outbox, SELECT and INSERT on command, SELECT and UPDATE (taken_at) on inbox; the gateway needs
-- SELECT, INSERT, UPDATE and DELETE on all tables, and CREATE TEMPORARY TABLES on the database (EXECUTE, too, when
-- outbox is partitioned).
--
-- Neither server has partial indexes. Columns that are GENERATED and INVISIBLE stand in for them:
-- NULL where the index is not to lead, so that it stays untouched there. Applications have no
-- business with them.

CREATE TABLE smsqld_schema (            -- marks the tables as ours
    version       bigint PRIMARY KEY,               -- every table has one: clusters ask for it
    installed_at  datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3))
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO smsqld_schema (version) VALUES (4);

CREATE TABLE outbox (
    id            bigint AUTO_INCREMENT PRIMARY KEY,

    -- By the application. Only recipient is required.
    recipient     varchar(255) NOT NULL,            -- digits, with an optional leading +
    body          mediumtext NOT NULL DEFAULT (''), -- UTF-8
    sender        varchar(255) NOT NULL DEFAULT '', -- number or name; '': the network's default
    data          mediumblob,                       -- octets, for binary kinds
    kind          varchar(32) NOT NULL DEFAULT 'text', -- text, flash, binary ...: docs/options.md
    app           varchar(64) NOT NULL DEFAULT '',  -- which application
    ref           varchar(190),                     -- its own id; unique for each app, so that an
                                                    -- INSERT can be repeated safely
    route         varchar(64) NOT NULL DEFAULT '',  -- a route of the configuration; '': the default
    link          varchar(64),                      -- this link and no other
    priority      smallint NOT NULL DEFAULT 1       -- 0 goes first, 9 last
                  CHECK (priority BETWEEN 0 AND 9),
    send_after    datetime(3) NOT NULL              -- not before
                  DEFAULT (UTC_TIMESTAMP(3)),
    expires_at    datetime(3),                      -- not sent after that; NULL: never expires
    receipt       tinyint NOT NULL DEFAULT 1,       -- a delivery receipt is wanted
    in_doubt      varchar(8)                        -- sent but never answered: resend or hold;
                  CHECK (in_doubt IN ('resend', 'hold')), -- NULL: as configured. ussd: hold
    options       json,                             -- JSON object: docs/options.md
    created_at    datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),

    -- By the gateway.
    queue         smallint NOT NULL DEFAULT 0,      -- 0 ready, 1 claimed, 2 out, 3 parked for a link
    lane          varchar(64),                      -- the link it is parked for, when queue = 3
    status        enum ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                       'failed', 'expired', 'doubtful', 'held', 'cancelled') NOT NULL DEFAULT 'queued',
    attempts      smallint NOT NULL DEFAULT 0,      -- how often it was tried
    owner         varchar(128),                     -- gateway/epoch that has claimed it
    claim         bigint,                           -- names the claim, so that it can be asked for again
    link_used     varchar(64),                      -- the link that took it last
    parts         smallint,                         -- message parts, times recipients when there are
                                                    -- several; more than one: see outbox_part
    encoding      varchar(64),                      -- gsm7, ucs2, binary; "gsm7 Turkish"
    message_id    varchar(255),                     -- the network's own
    error_code    bigint,                           -- the protocol's number
    error_text    varchar(500),                     -- the last failure, or what it waits for, in words
    claimed_at    datetime(3),
    sent_at       datetime(3),                      -- the network took it
    done_at       datetime(3),                      -- delivered, undelivered, failed, expired, cancelled
    network_key   varchar(255) GENERATED ALWAYS AS (TRIM(LEADING '0' FROM LOWER(message_id))) STORED INVISIBLE,
    waits_until   datetime(3) GENERATED ALWAYS AS (CASE WHEN queue IN (0, 3) THEN expires_at END)
                  STORED INVISIBLE,
    -- queue falls: behind rows that are ready nothing is left of others that a search could run into.
    KEY outbox_ready (queue DESC, route, priority, send_after, id),
    KEY outbox_parked (lane, priority, send_after, id),
    KEY outbox_expiry (waits_until),
    KEY outbox_network_id (link_used, network_key),
    UNIQUE KEY outbox_ref (app, ref)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE outbox_part (              -- parts of messages that have more than one, or several recipients
    outbox_id     bigint NOT NULL,
    part          smallint NOT NULL,                -- 1 ..
    link          varchar(64) NOT NULL,
    message_id    varchar(255) NOT NULL DEFAULT '',
    status        enum ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                       'failed', 'expired', 'doubtful', 'held', 'cancelled') NOT NULL, -- queued: the network has not taken it
    error_code    bigint,
    error_text    varchar(500),
    digest        bigint NOT NULL DEFAULT 0,        -- of its octets: is it still the same part?
    recipient     varchar(255) NOT NULL DEFAULT '', -- of one message to several: a row for each;
    PRIMARY KEY (outbox_id, part, recipient),       -- '': the message's own
    network_key   varchar(255) GENERATED ALWAYS AS (TRIM(LEADING '0' FROM LOWER(message_id))) STORED INVISIBLE,
    KEY outbox_part_network_id (link, network_key)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE inbox (                    -- messages from handsets
    id            bigint AUTO_INCREMENT PRIMARY KEY,
    received_at   datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    sender        varchar(255) NOT NULL,
    recipient     varchar(255) NOT NULL,
    body          mediumtext,                       -- UTF-8; NULL when it is no text
    data          mediumblob,                       -- then these octets
    udh           mediumblob,                       -- user data header, with its length octet
    kind          varchar(32) NOT NULL DEFAULT 'text', -- text, flash, binary, vcard, alert ...
    link          varchar(64) NOT NULL,             -- where it came in
    network_time  datetime(3),                      -- when the network took it, if it says so
    parts         smallint NOT NULL DEFAULT 1,      -- message parts that it had
    missing       smallint NOT NULL DEFAULT 0,      -- of these, so many never came
    encoding      varchar(64),                      -- how it came: gsm7, ucs2, binary, latin1 ...
    options       json,                             -- what else was said: ports, class, TLVs
    keyword       varchar(64),
    app           varchar(64) NOT NULL DEFAULT '',
    outbox_id     bigint,                           -- the message that it answers: of kind ussd, to a code
    dup_of        bigint,                           -- it looks like a repeat of this one
    arrival       varchar(190) UNIQUE,              -- so that our own retry stores it once
    taken_at      datetime(3),                      -- by the application, when it has read it
    KEY inbox_new (taken_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Long messages whose parts are still coming. Applications have no business here.
CREATE TABLE inbox_set (                -- a message of several parts
    id            bigint AUTO_INCREMENT PRIMARY KEY,
    link          varchar(64) NOT NULL,
    sender        varchar(255) NOT NULL,
    recipient     varchar(255) NOT NULL,
    wide          smallint NOT NULL,                -- 1: the reference has 16 bits
    ref           integer NOT NULL,
    parts         smallint NOT NULL,
    opened_at     datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    last_at       datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)), -- its last part came
    letter        varchar(190),                     -- inbox.arrival of the whole; NULL: still open; kept for a while
    open          tinyint GENERATED ALWAYS AS (CASE WHEN letter IS NULL THEN 1 END) STORED INVISIBLE,
    UNIQUE KEY inbox_set_open (link, sender, recipient, wide, ref, parts, open),
    KEY inbox_set_kept (open, last_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE inbox_part (               -- as it came
    set_id        bigint NOT NULL,
    part          smallint NOT NULL,                -- 1 ..
    arrival       varchar(190) NOT NULL UNIQUE,
    charset       varchar(32) NOT NULL,
    data_coding   smallint NOT NULL,
    protocol_id   smallint NOT NULL,
    octets        mediumblob,
    udh           mediumblob,
    options       mediumtext,
    received_at   bigint NOT NULL,                  -- Unix seconds
    network_at    bigint NOT NULL,                  -- 0: not said
    PRIMARY KEY (set_id, part)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE receipt (                  -- every delivery report as it came
    id            bigint AUTO_INCREMENT PRIMARY KEY,
    received_at   datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    link          varchar(64) NOT NULL,
    message_id    varchar(255) NOT NULL,            -- as the network wrote it
    recipient     varchar(255) NOT NULL DEFAULT '',
    status        enum ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                       'failed', 'expired', 'doubtful', 'held', 'cancelled') NOT NULL, -- sent (on its way), delivered, undelivered
    word          varchar(64) NOT NULL DEFAULT '',  -- the network's word: DELIVRD
    error_code    bigint,
    error_text    varchar(500),
    done_at       datetime(3),                      -- by the network's clock
    outbox_id     bigint,                           -- the message; NULL: not found (yet)
    other_ids     varchar(255) NOT NULL DEFAULT '', -- and then: message_id in other bases
    network_key   varchar(255) GENERATED ALWAYS AS (TRIM(LEADING '0' FROM LOWER(message_id))) STORED INVISIBLE,
    KEY receipt_unmatched (outbox_id, link, network_key),
    KEY receipt_open (outbox_id, received_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE command (                  -- asked of the network about messages that it has
    id            bigint AUTO_INCREMENT PRIMARY KEY,

    -- By the application: a message of outbox, or what names one at a link (docs/commands.md).
    what          varchar(8) NOT NULL               -- query, cancel, replace
                  CHECK (what IN ('query', 'cancel', 'replace')),
    outbox_id     bigint,                           -- this message, every part of it
    link          varchar(64),                      -- or the one that this link
    message_id    varchar(255),                     -- calls so; NULL, to cancel: all that wait
    sender        varchar(255) NOT NULL DEFAULT '', -- from this sender
    recipient     varchar(255) NOT NULL DEFAULT '', -- to this recipient
    body          mediumtext,                       -- the text that replaces the old one
    options       json,                             -- with link: how it was sent: docs/commands.md
    created_at    datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),

    -- By the gateway.
    status        varchar(16) NOT NULL DEFAULT 'asked' -- asked, sending; then done, refused, failed
                  CHECK (status IN ('asked', 'sending', 'done', 'refused', 'failed')),
    owner         varchar(128),                     -- gateway/epoch that has claimed it
    claimed_at    datetime(3),
    attempts      smallint NOT NULL DEFAULT 0,      -- how often it was claimed
    answer        varchar(32),                      -- to a query: enroute, delivered ...: docs/commands.md
    answer_at     datetime(3),                      -- and when the message came to that
    error_code    bigint,                           -- the protocol's number
    error_text    varchar(500),                     -- why it was refused, or failed, in words
    done_at       datetime(3),
    KEY command_asked (status, id),
    KEY command_claimed (status, owner)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE ussd (                     -- dialogues with handsets over USSD: docs/ussd.md
    id            bigint AUTO_INCREMENT PRIMARY KEY,
    link          varchar(64) NOT NULL,
    msisdn        varchar(64) NOT NULL,             -- the handset; or the code that we dialled
    code          varchar(64) NOT NULL DEFAULT '',  -- the service: outbox.sender of an answer
    session       bigint NOT NULL DEFAULT -1,       -- as the network numbers it; -1: it does not
    sequence      integer NOT NULL DEFAULT -1,      -- of the handset's last message; -1: not said
    status        varchar(16) NOT NULL DEFAULT 'open'
                  CHECK (status IN ('open', 'ended')),
    turns         integer NOT NULL DEFAULT 0,       -- messages, both ways
    last_op       varchar(32) NOT NULL DEFAULT '',  -- the last one's operation
    reply         json,                             -- outbox.options for the next answer; NULL: none is due
    inbox_id      bigint,                           -- the other side's last message
    outbox_id     bigint,                           -- our last one that was settled
    opened_at     datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    last_at       datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    ended_at      datetime(3),
    reason        varchar(500),                     -- why it ended
    open          tinyint GENERATED ALWAYS AS (CASE WHEN status = 'open' THEN 1 END) STORED INVISIBLE,
    UNIQUE KEY ussd_open (link, msisdn, session, open),
    KEY ussd_handset (link, msisdn, id),
    KEY ussd_quiet (open, last_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE gateway (                  -- a row for each gateway on these tables
    name          varchar(64) PRIMARY KEY,
    epoch         bigint NOT NULL,                  -- counts its starts
    state         varchar(16) NOT NULL,             -- running, stopped, dead
    alive_until   datetime(3) NOT NULL,             -- the end of its lease
    started_at    datetime(3) NOT NULL,
    version       varchar(64) NOT NULL,
    host          varchar(255) NOT NULL,
    pid           bigint NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE link (                     -- a row for each link of each gateway
    gateway       varchar(64) NOT NULL,
    name          varchar(64) NOT NULL,
    driver        varchar(64) NOT NULL,
    account       varchar(64) NOT NULL DEFAULT '',  -- with the provider; links of one share receipts
    state         varchar(16) NOT NULL,             -- up, held, resting, connecting, down, draining,
                                                    -- stopped; resting: a quota is used up
    reason        varchar(500) NOT NULL DEFAULT '', -- why it is not up, or slow; TLS: its certificate
    since         datetime(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
    wanted        varchar(8) NOT NULL DEFAULT 'run' -- by the operator:
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
    used_at       datetime(3),                      -- the last of them left; NULL: none ever did
    sent          bigint NOT NULL,                  -- parts since the gateway started
    failed        bigint NOT NULL,
    receipts      bigint NOT NULL,
    received      bigint NOT NULL,
    updated_at    datetime(3) NOT NULL,
    PRIMARY KEY (gateway, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
