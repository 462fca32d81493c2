/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - what a database is to the gateway: five functions and a dialect.
 *
 * An engine is one file (mysql.c, pgsql.c, sqlite.c) with its schema and statements in
 * the folder beside it. It knows how to run a statement; it does not know what
 * an SMS is. What the statements mean together is written once, in ledger.c.
 *
 * Its functions are plain and blocking. Each connection belongs to one worker
 * thread of worker.c, so an engine has no event loop, callbacks into it, locks
 * or globals: just a struct db of its own making.
 *
 * The rules. tests/check_engine.c holds every engine against them, each
 * against a real server.
 *
 * 1. run() executes one statement over `rows` rows of `width` parameters, in
 *    order, with as few round trips as the client library can: SQLite steps,
 *    PostgreSQL gets arrays (unnest), MySQL a JSON text. A statement of shape ONE takes one row
 *    of plain parameters, one of shape MANY any number; none is no work.
 * 2. Outside a transaction every run() is one of its own.
 * 3. Any result but DB_OK leaves no transaction open. After DB_LOST nobody
 *    knows whether a commit happened; ledger.c is written so that asking
 *    again is safe.
 * 4. Rows are lent to row_fn until it returns. row_fn may be NULL.
 * 5. An engine does not log, retry or sleep. It fills in db_error.
 * 6. `changed`, where not NULL, counts the rows that the statement wrote.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;                              /* one connection; each engine defines its own */

enum db_result {
	DB_OK,
	DB_AGAIN,                       /* deadlock, busy, serialization, disk full: ask again */
	DB_LOST,                        /* the connection is gone: reopen, ask again */
	DB_REFUSED,                     /* a value is not to its liking; other rows may be */
	DB_BROKEN,                      /* schema, rights or statement: asking again is no use */
};

struct db_error { int code; char text[300]; }; /* text says the remedy where one is known */

enum shape { ONE, MANY };

/* What a claim gives back, in this order. status: "sending" is the caller's to
 * send; any other word: the row was taken out of the queue for that reason.
 * taken: parts that the network took before, each with its digest, "1:815,3:4711", or NULL. */
#define CLAIM_COLUMNS \
	"id, priority, send_after_ms, status, route, link, sender, recipient, kind, body, data, " \
	"options, receipt, in_doubt, attempts, expires_at, taken"

#define RECEIPT_COLUMNS \
	"receipt_id, link, message_id, recipient, status, word, code, text, done_at_ms, other_ids"

#define WALK_COLUMNS RECEIPT_COLUMNS ", received_at_ms"

#define JOIN_COLUMNS \
	"set, part, arrival, link, sender, recipient, wide, ref, parts, charset, data_coding, " \
	"protocol_id, octets, udh, options, received_at, network_at"

/* A command and its message, outbox_id 0 and there 0: none. known: gateways that have the link. */
#define COMMAND_COLUMNS \
	"id, what, attempts, outbox_id, link, message_id, sender, recipient, body, options, " \
	"error_text, known, there, status, queue, link_used, network_id, row_sender, row_recipient, " \
	"kind, row_options, receipt, parts, encoding"

/*
 * Every statement the gateway has: its shape and its parameters in order, and
 * behind -> what its rows hold. An engine's dialect is a table of texts with
 * these indexes, made from its statements.sql at build time. Names ending in
 * _ms are milliseconds: of a duration, or since 1970 where _at_ms. owner is
 * "name/epoch". LINK_PUT with used_at_ms 0 leaves what the row has as used. source: digits that a receipt is from. key is network_key() of a message id. A number 0/1 is a truth.
 * floors: a time in Unix milliseconds for each priority from 0, separated by commas, each of which
 * may be missing. Rows that were due before that may be left for a claim without it; an engine
 * whose indexes keep nothing of what has gone takes no notice.
 */
#define STATEMENT_LIST(X) \
	X(TABLES,          ONE,  "-> name")        /* tables of our names that are there */ \
	X(VERSION,         ONE,  "-> version")     /* fails BROKEN without table smsqld_schema */ \
	X(GATEWAY_READ,    ONE,  "name -> epoch, alive, host, pid, alive_ms")                    \
	X(GATEWAY_ENTER,   ONE,  "name, old_epoch, new_epoch, lease_ms, version, host, pid") \
	X(GATEWAY_BEAT,    ONE,  "name, epoch, lease_ms")                                \
	X(GATEWAY_LEAVE,   ONE,  "name, epoch")                                          \
	X(GATEWAY_DEAD,    ONE,  "-> name, epoch")                                       \
	X(GATEWAY_BURY,    ONE,  "name, epoch")                                          \
	X(RECOVER,         ONE,  "owner, in_doubt, error_text")                          \
	X(CLAIM,           ONE,  "owner, token, route, max, floors -> CLAIM_COLUMNS") /* floors: below */ \
	X(CLAIM_PARKED,    ONE,  "owner, token, link, max -> CLAIM_COLUMNS")             \
	X(CLAIM_READ,      ONE,  "owner, token -> CLAIM_COLUMNS") /* token NULL: all */ \
	X(CLAIM_DOUBTED,   MANY, "id, owner -> CLAIM_COLUMNS") /* status is not told: sending */ \
	X(SETTLE,          MANY, "id, owner, status, queue, lane, retry_ms, untried, link, parts, message_id, code, text, encoding") \
	X(PART_PUT,        MANY, "id, part, link, message_id, status, code, text, digest, recipient") \
	X(OVERTAKEN,       MANY, "link, key -> RECEIPT_COLUMNS")                         \
	X(CONFIRM,         MANY, "n, link, key, recipient, status, code, text -> n, id") \
	X(CONFIRM_PART,    MANY, "n, link, key, recipient, status, code, text, source -> n, id") \
	X(FOLD_LOCK,       MANY, "id") /* ascending: until the commit nobody else folds these */ \
	X(FOLD,            MANY, "id")                                                   \
	X(LATE,            MANY, "id, link, attempt, part, parts, message_id, status, code, text") \
	X(LATE_PART,       MANY, "id, link, attempt, part, parts, message_id, status, code, text") \
	X(LATE_FOLD,       MANY, "id")                                                   \
	X(SIBLINGS,        MANY, "link -> link, name")                                   \
	X(RECEIPT_PUT,     MANY, "link, message_id, recipient, status, word, code, text, done_at_ms, outbox_id, other_ids") \
	X(RECEIPT_MATCHED, MANY, "receipt_id, outbox_id")                                \
	X(RECEIPT_OPEN,    ONE,  "max, age_s, after_at_ms, after_id -> WALK_COLUMNS") /* in a transaction: locked; others' are passed over */ \
	X(INBOX_PUT,       MANY, "arrival, link, sender, recipient, kind, body, data, udh, encoding, options, parts, missing, network_at_ms, received_at_ms, outbox_id") \
	X(JOIN_KNOWN,      MANY, "n, arrival -> n")                                      \
	X(JOIN_OPEN,       MANY, "link, sender, recipient, wide, ref, parts -> set, link, sender, recipient, wide, ref, parts") /* no key twice */ \
	X(JOIN_READ,       MANY, "set -> JOIN_COLUMNS") /* by set, part */               \
	X(JOIN_PUT,        MANY, "set, part, arrival, charset, data_coding, protocol_id, octets, udh, options, received_at, network_at") \
	X(JOIN_CLOSE,      MANY, "set, letter")                                          \
	X(JOIN_REPEATS,    MANY, "set, letter")                                          \
	X(JOIN_ECHO,       MANY, "set -> set, letter")                                   \
	X(JOIN_OVERDUE,    ONE,  "wait_s, most_s, per_link, per_sender, max -> set")     \
	X(JOIN_FORGET,     ONE,  "keep_s, max -> set")                                   \
	X(JOIN_DROP,       MANY, "set")                                                  \
	X(COMMAND_ANY,     ONE,  "-> id")                                                \
	X(COMMAND_LOOK,    ONE,  "gateway, max -> COMMAND_COLUMNS") /* in a transaction: locked */ \
	X(COMMAND_IDS,     MANY, "n, outbox_id -> n, part, message_id")                  \
	X(COMMAND_TAKE,    MANY, "id, owner")                                            \
	X(COMMAND_SETTLE,  MANY, "id, owner, status, answer, answer_at_ms, code, text, untried") \
	X(COMMAND_APPLY,   MANY, "id")                                                   \
	X(COMMAND_RECOVER, ONE,  "owner")                                                \
	X(USSD_READ,       ONE,  "link, digits, session, arrival, outbox_id, confirm -> id, open, session, last_op, sequence, due, opened_s, quiet_s, same, seen, ours, later") /* locks it */ \
	X(USSD_OPEN,       ONE,  "link, msisdn, service, session, sequence, op, options, arrival, outbox_id") \
	X(USSD_TURN,       ONE,  "id, session, sequence, op, options, arrival, service")     \
	X(USSD_OURS,       ONE,  "id, outbox_id, op, passed")                            \
	X(USSD_END,        ONE,  "id, reason")                                           \
	X(USSD_REPEAT,     ONE,  "arrival, id")                                          \
	X(USSD_QUIET,      ONE,  "quiet_s, reason")                                      \
	X(EXPIRE,          ONE,  "max")                                                  \
	X(PARTITION_NEXT,  ONE,  "number -> number, name, attached") /* range of outbox; none in plain tables */ \
	X(PARTITION_AHEAD, ONE,  "ranges -> made, ahead") /* from here on: of partitioned tables only */ \
	X(PARTITION_LOOK,  ONE,  "name, after, max, keep_s, unconfirmed_s -> last, seen, stays, young") \
	X(PARTITION_TAKE_OUT, ONE, "name -> done")                                       \
	X(PARTITION_PUT_BACK, ONE, "name -> done") /* 0: of some of it; again */          \
	X(PARTITION_REFS,  ONE,  "name, max -> gone")                                    \
	X(PARTITION_DROP,  ONE,  "name -> done")                                         \
	X(KEEP_TURN,       ONE,  "-> mine") /* 1: until the connection ends or KEEP_OVER, nobody else */ \
	X(KEEP_OVER,       ONE,  "-> mine")                                              \
	X(KEEP_OUTBOX,     ONE,  "after, max, dry, keep_s, unconfirmed_s -> last, seen, young, gone") \
	X(KEEP_INBOX,      ONE,  "after, max, dry, keep_s -> last, seen, young, gone")   \
	X(KEEP_RECEIPT,    ONE,  "after, max, dry, keep_s -> last, seen, young, gone")   \
	X(KEEP_COMMAND,    ONE,  "after, max, dry, keep_s -> last, seen, young, gone")   \
	X(KEEP_USSD,       ONE,  "after, max, dry, keep_s -> last, seen, young, gone")   \
	X(LINK_PUT,        MANY, "gateway, name, driver, state, reason, window, queued, unanswered, rate, sent, failed, receipts, received, account, interval_ms, quota_hour, quota_day, quota_month, used_hour, used_day, used_month, used_at_ms") \
	X(LINK_WANTED,     ONE,  "gateway -> name, wanted")                              \
	X(LINK_USED,       ONE,  "gateway -> name, used_hour, used_day, used_month, used_at_s") \
	X(DESK_SEND,       ONE,  "recipient, body, sender, link -> id")                  \
	X(DESK_ROW,        ONE,  "id -> id, status, attempts, link_used, message_id, error_code, error_text, sent_at, done_at") \
	X(DESK_STATUS,     ONE,  "-> status, messages, oldest_seconds")                  \
	X(DESK_UNMATCHED,  ONE,  "-> link, receipts, oldest_seconds")                    \
	X(DESK_GATEWAYS,   ONE,  "-> name, state, host, version, alive_until, epoch")    \
	X(DESK_LINKS,      ONE,  "-> gateway, name, driver, state, wanted, reason, window, queued, unanswered, rate, interval_ms, used_hour, quota_hour, used_day, quota_day, used_month, quota_month, sent, failed, receipts, received, since") \
	X(DESK_QUOTAS,     ONE,  "-> gateway, link, state, used_hour, quota_hour, used_day, quota_day, used_month, quota_month") /* where there are any */ \
	X(DESK_QUEUE,      ONE,  "max -> id, route, link, priority, recipient, status, attempts, send_after, error_text") \
	X(DESK_DOUBTFUL,   ONE,  "link, max -> id, recipient, link_used, attempts, claimed_at, in_doubt, error_text") \
	X(DESK_DECIDE,     MANY, "id, decision -> id") /* resend, accept: of a row in doubt */ \
	X(DESK_DECIDE_PARTS, MANY, "id")            /* accepted */                       \
	X(DESK_RETRY,      MANY, "id -> id")                                             \
	X(DESK_CANCEL,     MANY, "id -> id")                                             \
	X(DESK_ASK,        ONE,  "what, outbox_id, body -> id")                          \
	X(DESK_COMMAND,    ONE,  "id -> id, what, status, answer, answer_at, error_code, error_text") \
	X(DESK_WANT,       ONE,  "link, wanted -> gateway")

#define X(name, shape, parameters) STATEMENT_##name,
enum statement { STATEMENT_LIST(X) STATEMENT_COUNT };
#undef X

extern const enum shape statement_shapes[STATEMENT_COUNT];      /* engines.c */
extern const char *const statement_names[STATEMENT_COUNT];      /* for errors */

enum value_kind { VALUE_NULL, VALUE_NUMBER, VALUE_TEXT, VALUE_OCTETS };

struct value {
	enum value_kind kind;
	int64_t number;
	const void *at;                 /* TEXT and OCTETS; TEXT that an engine gives ends with a NUL too */
	size_t len;
};

typedef void row_fn(void *ctx, const struct value *columns, size_t n);

enum edge { EDGE_BEGIN, EDGE_COMMIT, EDGE_ROLLBACK };

enum { SCHEMA_VERSION = 4 };

struct engine {
	const char *const *schemes;     /* of its URLs, NULL-ended: "postgresql", "postgres" */
	unsigned connections;           /* worth opening: SQLite 1, servers 2 */
	const char *schema;             /* schema.sql: creates everything, for script() */
	const char *partitioned;        /* partitioned.sql: behind that, in the same script, outbox in ranges of
	                                 * :ROWS ids; NULL: it cannot */
	const char *const *upgrades;    /* [n]: makes version n of n - 1; up to SCHEMA_VERSION */

	/* `password` is "" when the URL or the client library has its own way.
	 * DB_LOST: not reachable now; DB_BROKEN: never will be as configured. */
	enum db_result (*open)(struct db **, const char *url, const char *password,
	    struct db_error *);
	void (*close)(struct db *);     /* NULL is allowed */
	/* The folder that the database is in; false: there is none. NULL: there never is. */
	bool (*folder)(const char *url, char *out, size_t room);
	enum db_result (*transact)(struct db *, enum edge, struct db_error *);
	enum db_result (*run)(struct db *, enum statement,
	    const struct value *values, size_t width, size_t rows,
	    row_fn *, void *ctx, size_t *changed, struct db_error *);
	/* Runs a text of many statements in one transaction, all or nothing. */
	enum db_result (*script)(struct db *, const char *text, struct db_error *);
};

/* Every engine compiled in, NULL-ended. Defined in sql/engines.c. */
extern const struct engine *const engines[];

extern const struct engine mysql_engine, pgsql_engine, sqlite_engine;

/* The engine of a URL's scheme, or NULL. */
const struct engine *engine_of(const char *url);

#endif
