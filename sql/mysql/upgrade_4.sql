-- SPDX-License-Identifier: Apache-2.0
-- upgrade_4.sql - tables of version 3 into version 4, in MariaDB and MySQL.
--
-- `smsqlctl upgrade` runs this with every gateway stopped; by hand: mariadb DATABASE < upgrade_4.sql
-- Each ALTER commits by itself and as a whole. One that was done before a failure is passed over when
-- this runs again.
--
-- New: inbox.outbox_id, the message that one from the network answers; in link, the pace and the
-- quotas that are configured, and what is used of them.

SET @smsqld_words = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
                                  AND table_name = 'inbox' AND column_name = 'outbox_id'),
    'DO 0',
    'ALTER TABLE inbox ADD COLUMN outbox_id bigint');
PREPARE smsqld_words FROM @smsqld_words;
EXECUTE smsqld_words;

SET @smsqld_words = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
                                  AND table_name = 'link' AND column_name = 'used_at'),
    'DO 0',
    'ALTER TABLE link ADD COLUMN interval_ms bigint NOT NULL DEFAULT 0,
         ADD COLUMN quota_hour bigint NOT NULL DEFAULT 0,
         ADD COLUMN quota_day bigint NOT NULL DEFAULT 0,
         ADD COLUMN quota_month bigint NOT NULL DEFAULT 0,
         ADD COLUMN used_hour bigint NOT NULL DEFAULT 0,
         ADD COLUMN used_day bigint NOT NULL DEFAULT 0,
         ADD COLUMN used_month bigint NOT NULL DEFAULT 0,
         ADD COLUMN used_at datetime(3)');
PREPARE smsqld_words FROM @smsqld_words;
EXECUTE smsqld_words;
DEALLOCATE PREPARE smsqld_words;

UPDATE smsqld_schema SET version = 4;
