/* SPDX-License-Identifier: Apache-2.0 */
/* check_join.c - how parts from handsets find each other in the tables (ledger_inbox.c). */
#include "ledger_world.h"
#include "vectors.h"

#include <pthread.h>

/* A part is told as "SENDER REF PART/PARTS TEXT". */

static unsigned arrivals;

static struct inbound told(const char *what)
{
	struct inbound one = { .link = "acme", .recipient = "22333", .charset = CHARSET_UTF8,
		.received_at = 1700000000 };
	unsigned ref, part, parts;
	char text[64] = "";
	ck_assert_int_ge(sscanf(what, "%20s %u %u/%u %63s", one.sender, &ref, &part, &parts, text), 4);
	one.concat_wide = strchr(one.sender, 'w') != NULL;
	one.sender[1] = '\0';
	one.concat_ref = (uint16_t)ref;
	one.concat_part = (uint8_t)part;
	one.concat_parts = (uint8_t)parts;
	one.octets = (struct blob){ (const uint8_t *)batch_text(batch, text, strlen(text)), strlen(text) };
	snprintf(one.arrival, sizeof one.arrival, "a%u", ++arrivals);
	return one;
}

/* Tells them in one transaction, or in one each. */
static void tell_all(const char *const *what, bool together)
{
	struct inbound some[16];
	size_t n = 0;
	batch = batch ? batch : batch_new();
	for (; what[n]; n++)
		some[n] = told(what[n]);
	for (size_t i = 0; i < (together ? 1 : n); i++)
		record(&gw1, &(struct facts){ .inbounds = some + i, .ninbounds = together ? n : 1 });
}

static const char *bodies(void)
{
	if (mysql_outside)
		return words("SELECT coalesce(group_concat(sender || ':' || body ORDER BY id SEPARATOR ' '), '') "
		    "FROM inbox");
	return words(pgsql_outside
	    ? "SELECT coalesce(string_agg(sender || ':' || body, ' ' ORDER BY id), '') FROM inbox"
	    : "SELECT coalesce(group_concat(sender || ':' || body, ' '), '') FROM (SELECT * FROM inbox "
	    "ORDER BY id)");
}

static const struct { const char *parts[8], *inbox; } scenes[] = {
	{ { "A 5 1/2 x", "A 5 2/2 y" }, "A:xy" },                       /* L01 */
	{ { "A 5 3/3 z", "A 5 1/3 x", "A 5 2/3 y" }, "A:xyz" },         /* L02 */
	{ { "A 5 1/2 x", "A 5 1/2 x", "A 5 2/2 y" }, "A:xy" },          /* L03 */
	{ { "A 5 1/2 x", "A 5 2/3 y" }, "" },                           /* L04: two sets */
	{ { "A 5 1/2 x", "A 5 1/2 y", "A 5 2/2 z" }, "A:x[...] A:yz" }, /* L05: used anew */
	{ { "A 5 1/2 x", "B 5 2/2 y", "A 5 2/2 z", "B 5 1/2 w" }, "A:xz B:wy" }, /* L07 */
	{ { "A 5 1/2 x", "Aw 5 2/2 y" }, "" },                          /* L08: widths */
	{ { "A 5 1/2 x", "A 5 2/2 y", "A 5 2/2 y" }, "A:xy" },          /* L10 */
	{ { "A 5 1/2 x", "A 5 2/2 y", "A 5 1/2 v", "A 5 2/2 w" }, "A:xy A:vw" }, /* again, another text */
	{ { "A 5 1/2 x", "A 5 2/2 y", "A 5 1/2 x", "A 5 2/2 w" }, "A:xy A:xw" },
	{ { "A 5 2/2 y", "A 6 1/2 v", "A 5 1/2 x", "A 6 2/2 w" }, "A:xy A:vw" },
};

START_TEST(parts_find_each_other_one_by_one_and_together)
{
	for (size_t i = 0; i < 2 * sizeof scenes / sizeof *scenes; i++) {
		const bool together = i % 2;
		begin_entered(_i);
		tell_all(scenes[i / 2].parts, together);
		/* Together, sets are finished in the order of their keys. */
		ck_assert_msg(strlen(bodies()) == strlen(scenes[i / 2].inbox) &&
		    (together || strcmp(bodies(), scenes[i / 2].inbox) == 0), "%zu: %s", i, bodies());
		end_entered();
	}
}
END_TEST

/* What each scenario of the vectors ends in; a part that has no text has its number. */
static const struct { const char *id, *inbox; } outcomes[] = {
	{ "L01", "A:12" }, { "L02", "A:123" }, { "L03", "A:12" }, { "L04", "" }, { "L05", "A:x[...] A:y2" },
	{ "L07", "A:12 B:12" }, { "L08", "" }, { "L10", "A:12" }, { "L11", "A:12" },
};

/* "A ref5 1/2 x", "A ref16=5 2/2", "A ref5 2/2 again" as told() has it. */
static const char *as_told(const char *step)
{
	static char text[64];
	char sender[8], word[16] = "";
	unsigned width = 8, ref, part, parts;
	if (sscanf(step, "%7s ref%u=%u %u/%u %15s", sender, &width, &ref, &part, &parts, word) < 5) {
		width = 8;
		ck_assert_msg(sscanf(step, "%7s ref%u %u/%u %15s", sender, &ref, &part, &parts, word) >= 4, "%s",
		    step);
	}
	if (!*word || strcmp(word, "again") == 0)
		snprintf(word, sizeof word, "%u", part);
	snprintf(text, sizeof text, "%s%s %u %u/%u %s", sender, width == 16 ? "w" : "", ref, part, parts, word);
	return text;
}

START_TEST(every_scenario_of_the_vectors_ends_as_it_should)
{
	json_t *json = vectors_load("gsm.json"), *vector, *step;
	size_t i, k, ran = 0, at;
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		const char *id = json_string_value(json_object_get(vector, "id"));
		if (strcmp(json_string_value(json_object_get(vector, "kind")), "reassembly") != 0)
			continue;
		for (at = 0; at < sizeof outcomes / sizeof *outcomes && strcmp(outcomes[at].id, id) != 0; at++)
			continue;
		ck_assert_msg(at < sizeof outcomes / sizeof *outcomes, "%s is not known here", id);
		begin_entered(_i);
		json_array_foreach(json_object_get(json_object_get(vector, "input"), "steps"), k, step) {
			if (strcmp(json_string_value(step), "restart") == 0) {
				GOOD(ledger_leave(&gw1, &err));
				enter(&gw1);
				continue;
			}
			tell_all((const char *const[]){ as_told(json_string_value(step)), NULL }, false);
		}
		ck_assert_msg(strcmp(bodies(), outcomes[at].inbox) == 0, "%s: %s", id, bodies());
		end_entered();
		ran++;
	}
	ck_assert_uint_ge(ran, 8);
	json_decref(json);
}
END_TEST

START_TEST(a_whole_set_that_comes_twice_is_marked)
{
	begin_entered(_i);
	tell_all((const char *const[]){ "A 5 1/2 x", "A 5 2/2 y", "A 5 1/2 x", "A 5 2/2 y", NULL }, false);
	ck_assert_str_eq(bodies(), "A:xy A:xy");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE id = 2 AND dup_of = 1 AND parts = 2"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE id = 1 AND dup_of IS NULL"), 1);
	end_entered();
}
END_TEST

START_TEST(a_request_that_is_repeated_stores_each_part_once)
{
	begin_entered(_i);
	batch = batch_new();
	struct inbound some[] = { told("A 5 1/3 x"), told("A 5 2/3 y"), told("B 1 1/2 b"), told("A 5 3/3 z"),
		told("A 5 1/3 k") };
	for (int again = 0; again < 3; again++)
		record(&gw1, &(struct facts){ .inbounds = some, .ninbounds = 5 });
	ck_assert_str_eq(bodies(), "A:xyz");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_part"), 5);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_set WHERE letter IS NULL"), 2);
	end_entered();
}
END_TEST

/* Makes the sets of a sender older. */
static void age(const char *sender, int seconds)
{
	if (mysql_outside)
		words("UPDATE inbox_set SET last_at = last_at - INTERVAL %d SECOND, opened_at = opened_at - "
		    "INTERVAL %d SECOND WHERE sender = '%s'", seconds, seconds, sender);
	else
		words(pgsql_outside ? "UPDATE inbox_set SET last_at = last_at - %d * interval '1 second', "
	    "opened_at = opened_at - %d * interval '1 second' WHERE sender = '%s'"
	    : "UPDATE inbox_set SET last_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', last_at, '-%d seconds'), "
	    "opened_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', opened_at, '-%d seconds') WHERE sender = '%s'",
	    seconds, seconds, sender);
}

START_TEST(a_set_that_never_completes_appears_in_its_time)
{
	begin_entered(_i);
	struct tended tended;
	tell_all((const char *const[]){ "A 5 2/3 y", "B 5 1/2 x", NULL }, true);
	age("A", 3500);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 0);
	age("A", 200);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 1);
	ck_assert_str_eq(bodies(), "A:[...]y[...]");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE parts = 3 AND missing = 2"), 1);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 0);
	/* What comes later still comes: another set. And a repeat of what came is none. */
	tell_all((const char *const[]){ "A 5 2/3 y", NULL }, true);
	age("A", 4000);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 0);
	ck_assert_str_eq(bodies(), "A:[...]y[...]");
	/* Nor does a set wait for ever that gets a part now and then. */
	age("B", 86000);
	tell_all((const char *const[]){ "B 5 1/2 x", NULL }, true);
	words("UPDATE inbox_set SET last_at = %s WHERE sender = 'B'",
	    from_now(0));
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 0);
	if (mysql_outside)
		words("UPDATE inbox_set SET opened_at = opened_at - INTERVAL 1000 SECOND");
	else
		words(pgsql_outside ? "UPDATE inbox_set SET opened_at = opened_at - interval '1000 seconds'"
	    : "UPDATE inbox_set SET opened_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', opened_at, "
	    "'-1000 seconds')");
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 1);
	end_entered();
}
END_TEST

START_TEST(a_flood_of_sets_is_bounded_and_nothing_of_it_is_lost)
{
	begin_entered(_i);
	enum { SETS = 450 };
	static struct inbound some[SETS];
	batch = batch_new();
	for (unsigned i = 0; i < SETS; i++) {
		char what[64];
		snprintf(what, sizeof what, "A %u 1/2 x%u", i, i);
		some[i] = told(what);
		snprintf(some[i].sender, sizeof some[i].sender, "%u", i);
	}
	gw1.join_sets = 100;
	record(&gw1, &(struct facts){ .inbounds = some, .ninbounds = SETS });
	struct tended tended;
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, SETS - 100);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE missing = 1"), SETS - 100);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_set WHERE letter IS NULL"), 100);
	/* One sender has twenty at most; the oldest go first. */
	for (unsigned i = 0; i < 30; i++) {
		snprintf(some[i].sender, sizeof some[i].sender, "one");
		snprintf(some[i].arrival, sizeof some[i].arrival, "one%u", i);
		record(&gw1, &(struct facts){ .inbounds = some + i, .ninbounds = 1 });
	}
	gw1.join_sets = 1000;
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.incomplete, 10);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE sender = 'one' AND body = 'x0[...]'"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE sender = 'one' AND body = 'x29[...]'"), 0);
	end_entered();
}
END_TEST

START_TEST(closed_sets_are_forgotten_in_their_time)
{
	begin_entered(_i);
	struct tended tended;
	tell_all((const char *const[]){ "A 5 1/2 x", "A 5 2/2 y", "B 5 1/2 x", NULL }, true);
	age("A", 4100);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_set"), 2);
	age("A", 200);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_set"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_part"), 1);
	ck_assert_str_eq(bodies(), "A:xy");
	end_entered();
}
END_TEST

START_TEST(two_gateways_complete_a_set_once)
{
	begin_entered(_i);
	begin_second();
	batch = batch_new();
	struct inbound a = told("A 5 1/2 x"), b = told("A 5 2/2 y");
	record(&gw1, &(struct facts){ .inbounds = &a, .ninbounds = 1 });
	record(&gw2, &(struct facts){ .inbounds = &b, .ninbounds = 1 });
	record(&gw1, &(struct facts){ .inbounds = &a, .ninbounds = 1 });
	ck_assert_str_eq(bodies(), "A:xy");
	end_entered();
}
END_TEST

/* Gateways that get the parts of the same messages at the same time. */
struct racer { struct ledger ledger; struct inbound *parts; size_t n; };

static void *race(void *at)
{
	struct racer *racer = at;
	struct db_error wrong;
	for (size_t i = 0; i < racer->n; i++) {
		enum db_result result;
		while ((result = ledger_record(&racer->ledger, &(struct facts){ .inbounds = &racer->parts[i],
		    .ninbounds = 1 }, &wrong)) == DB_AGAIN)
			;
		if (result != DB_OK)
			return racer;
	}
	return NULL;
}

START_TEST(two_gateways_at_once_complete_every_set_once)
{
	enum { SETS = 150 };
	begin_entered(_i);
	begin_second();
	batch = batch_new();
	struct racer racers[2] = { { gw1, batch_alloc(batch, SETS * sizeof(struct inbound)), SETS },
		{ gw2, batch_alloc(batch, SETS * sizeof(struct inbound)), SETS } };
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < 2; k++) {
			char what[64];
			snprintf(what, sizeof what, "A %u %u/2 %c", i, k + 1, 'x' + (int)k);
			racers[(i + k) % 2].parts[i] = told(what);
		}
	pthread_t threads[2];
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(pthread_create(&threads[k], NULL, race, &racers[k]), 0);
	for (int k = 0; k < 2; k++) {
		void *failed;
		pthread_join(threads[k], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE body = 'xy' AND missing = 0"), SETS);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), SETS);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox_set WHERE letter IS NULL"), 0);
	end_entered();
}
END_TEST

START_TEST(what_a_part_said_stands_in_the_row)
{
	begin_entered(_i);
	batch = batch_new();
	struct inbound some[] = { told("A 5 1/2 x"), told("A 5 2/2 y") };
	some[0].options = "{\"tlvs\":{\"0x1401\":\"0A\"}}";
	some[0].protocol_id = 65;
	some[0].network_at = 1700000000;
	some[0].udh = (struct blob){ (const uint8_t *)"\5\0\3\5\2\1", 6 };
	for (int i = 0; i < 2; i++)
		record(&gw1, &(struct facts){ .inbounds = &some[i], .ninbounds = 1 });
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE network_time > '2023-11-14' AND "
	    "network_time < '2023-11-15' AND encoding = 'utf8' AND received_at < '2023-11-15'"), 1);
	json_t *options = json_loads(words("SELECT options FROM inbox"), 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(options, "protocol_id")), 65);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(options, "tlvs"), "0x1401")), "0A");
	json_decref(options);
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		parts_find_each_other_one_by_one_and_together,
		every_scenario_of_the_vectors_ends_as_it_should,
		a_whole_set_that_comes_twice_is_marked,
		a_request_that_is_repeated_stores_each_part_once,
		a_set_that_never_completes_appears_in_its_time,
		a_flood_of_sets_is_bounded_and_nothing_of_it_is_lost,
		closed_sets_are_forgotten_in_their_time,
		two_gateways_complete_a_set_once,
		two_gateways_at_once_complete_every_set_once,
		what_a_part_said_stands_in_the_row,
	};
	return run_tests("join", tests, sizeof tests / sizeof *tests);
}
