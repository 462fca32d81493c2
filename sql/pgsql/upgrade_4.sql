-- SPDX-License-Identifier: Apache-2.0
-- upgrade_4.sql - tables of version 3 into version 4, in PostgreSQL.
--
-- `smsqlctl upgrade` runs this in one transaction, with every gateway stopped; by hand:
-- psql -1 -f upgrade_4.sql DATABASE
--
-- New: inbox.outbox_id, the message that one from the network answers; in link, the pace and the
-- quotas that are configured, and what is used of them.

ALTER TABLE inbox ADD COLUMN outbox_id bigint;
ALTER TABLE link ADD COLUMN interval_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN quota_hour bigint NOT NULL DEFAULT 0,
    ADD COLUMN quota_day bigint NOT NULL DEFAULT 0,
    ADD COLUMN quota_month bigint NOT NULL DEFAULT 0,
    ADD COLUMN used_hour bigint NOT NULL DEFAULT 0,
    ADD COLUMN used_day bigint NOT NULL DEFAULT 0,
    ADD COLUMN used_month bigint NOT NULL DEFAULT 0,
    ADD COLUMN used_at timestamptz(3);

UPDATE smsqld_schema SET version = 4;
