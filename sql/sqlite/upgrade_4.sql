-- SPDX-License-Identifier: Apache-2.0
-- upgrade_4.sql - tables of version 3 into version 4, in SQLite.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped.
--
-- New: inbox.outbox_id, the message that one from the network answers; in link, the pace and the
-- quotas that are configured, and what is used of them.

ALTER TABLE inbox ADD COLUMN outbox_id INTEGER;
ALTER TABLE link ADD COLUMN interval_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN quota_hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN quota_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN quota_month INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN used_hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN used_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN used_month INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN used_at TEXT;

UPDATE smsqld_schema SET version = 4;
