/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty_engine.h - an engine around a real one, that fails when it is told to.
 *
 * What it does not spoil goes to the real database, so that a test can compare
 * what was answered with what is in the tables. Its state is shared by the
 * test and the workers of a store, under a lock of its own. For one test
 * program; so everything is in this header and static.
 */
#ifndef FAULTY_ENGINE_H
#define FAULTY_ENGINE_H

#include "../sql/engine.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULT_OPEN = STATEMENT_COUNT };  /* a fault of open(), not of a statement */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const struct engine *real;

	unsigned statement;             /* the fault: of which statement, or FAULT_OPEN, */
	enum db_result result;          /*   what it returns, */
	unsigned times;                 /*   how often still, */
	bool behind;                    /*   and whether only after it was committed */
	const char *poison;             /* REFUSED for every text that contains this, or NULL */
	unsigned stopped;               /* workers wait before this statement; STATEMENT_COUNT: none */

	unsigned opens, commits;        /* what happened */
	unsigned runs[STATEMENT_COUNT];
	unsigned waiting;               /* workers before the statement that is stopped */
} faulty = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER,
	.stopped = STATEMENT_COUNT };

struct faulty_db {
	struct db *real;
	bool inside;                    /* a transaction */
	bool lose;                      /* this transaction's commit reports DB_LOST */
};

/* The test's side */

static inline void faulty_fail(unsigned statement, enum db_result result, unsigned times)
{
	pthread_mutex_lock(&faulty.lock);
	faulty.statement = statement;
	faulty.result = result;
	faulty.times = times;
	faulty.behind = false;
	pthread_mutex_unlock(&faulty.lock);
}

/* The next one is committed, and then nobody hears of it. */
static inline void faulty_lose_behind(unsigned statement)
{
	pthread_mutex_lock(&faulty.lock);
	faulty.statement = statement;
	faulty.result = DB_LOST;
	faulty.times = 1;
	faulty.behind = true;
	pthread_mutex_unlock(&faulty.lock);
}

static inline void faulty_refuse(const char *poison)
{
	pthread_mutex_lock(&faulty.lock);
	faulty.poison = poison;
	pthread_mutex_unlock(&faulty.lock);
}

static inline void faulty_stop(unsigned statement)
{
	pthread_mutex_lock(&faulty.lock);
	faulty.stopped = statement;
	pthread_cond_broadcast(&faulty.changed);
	pthread_mutex_unlock(&faulty.lock);
}

static inline void faulty_go(void)
{
	faulty_stop(STATEMENT_COUNT);
}

static inline unsigned faulty_read(const unsigned *counter)
{
	pthread_mutex_lock(&faulty.lock);
	unsigned value = *counter;
	pthread_mutex_unlock(&faulty.lock);
	return value;
}

/* The engine's side */

static inline enum db_result faulty_error(enum db_result result, struct db_error *err)
{
	err->code = (int)result;
	snprintf(err->text, sizeof err->text, "as the test wants it: %d", (int)result);
	return result;
}

/* The fault of a statement, if it has one now. */
static inline enum db_result faulty_due(unsigned statement, bool behind)
{
	enum db_result result = DB_OK;
	pthread_mutex_lock(&faulty.lock);
	if (faulty.times > 0 && faulty.statement == statement && faulty.behind == behind) {
		faulty.times--;
		result = faulty.result;
	}
	pthread_mutex_unlock(&faulty.lock);
	return result;
}

static inline void faulty_count(unsigned *counter)
{
	pthread_mutex_lock(&faulty.lock);
	++*counter;
	pthread_mutex_unlock(&faulty.lock);
}

static inline enum db_result faulty_open(struct db **db, const char *url, const char *password,
    struct db_error *err)
{
	faulty_count(&faulty.opens);
	enum db_result result = faulty_due(FAULT_OPEN, false);
	if (result != DB_OK)
		return faulty_error(result, err);
	struct faulty_db *own = calloc(1, sizeof *own);
	if (!own)
		abort();
	result = faulty.real->open(&own->real, url, password, err);
	if (result == DB_OK)
		*db = (struct db *)own;
	else
		free(own);
	return result;
}

static inline void faulty_close(struct db *db)
{
	struct faulty_db *own = (struct faulty_db *)db;
	if (own)
		faulty.real->close(own->real);
	free(own);
}

static inline enum db_result faulty_transact(struct db *db, enum edge edge, struct db_error *err)
{
	struct faulty_db *own = (struct faulty_db *)db;
	enum db_result result = faulty.real->transact(own->real, edge, err);
	bool lose = own->lose;
	own->inside = edge == EDGE_BEGIN && result == DB_OK;
	own->lose = false;
	if (edge == EDGE_COMMIT && result == DB_OK) {
		faulty_count(&faulty.commits);
		if (lose)
			return faulty_error(DB_LOST, err);
	}
	return result;
}

static inline enum db_result faulty_spoil(struct faulty_db *own, enum db_result result,
    struct db_error *err)
{
	struct db_error ignored;
	if (own->inside)
		faulty.real->transact(own->real, EDGE_ROLLBACK, &ignored);
	own->inside = own->lose = false;
	return faulty_error(result, err);
}

static inline bool faulty_poisoned(const struct value *values, size_t n)
{
	pthread_mutex_lock(&faulty.lock);
	const char *poison = faulty.poison;
	pthread_mutex_unlock(&faulty.lock);
	for (size_t i = 0; poison && i < n; i++)
		if (values[i].kind == VALUE_TEXT
		    && memmem(values[i].at, values[i].len, poison, strlen(poison)))
			return true;
	return false;
}

static inline enum db_result faulty_run(struct db *db, enum statement statement,
    const struct value *values, size_t width, size_t rows, row_fn *row, void *ctx,
    size_t *changed, struct db_error *err)
{
	struct faulty_db *own = (struct faulty_db *)db;
	pthread_mutex_lock(&faulty.lock);
	faulty.runs[statement]++;
	while (faulty.stopped == statement) {
		faulty.waiting++;
		pthread_cond_wait(&faulty.changed, &faulty.lock);
		faulty.waiting--;
	}
	pthread_mutex_unlock(&faulty.lock);
	enum db_result result = faulty_due(statement, false);
	if (result == DB_OK && faulty_poisoned(values, width * rows))
		result = DB_REFUSED;
	if (result != DB_OK)
		return faulty_spoil(own, result, err);
	result = faulty.real->run(own->real, statement, values, width, rows, row, ctx, changed, err);
	if (result != DB_OK) {
		own->inside = own->lose = false;
		return result;
	}
	if (faulty_due(statement, true) == DB_OK)
		return DB_OK;
	if (!own->inside)
		return faulty_error(DB_LOST, err);
	own->lose = true;
	return DB_OK;
}

static inline enum db_result faulty_script(struct db *db, const char *text, struct db_error *err)
{
	return faulty.real->script(((struct faulty_db *)db)->real, text, err);
}

#endif
