/* SPDX-License-Identifier: Apache-2.0 */
/* engines.c - the databases compiled in, and the statements they have to know. */
#include "engine.h"

#include <string.h>

const struct engine *const engines[] = { &sqlite_engine, &pgsql_engine, &mysql_engine, NULL };

#define X(name, shape, parameters) [STATEMENT_##name] = shape,
const enum shape statement_shapes[STATEMENT_COUNT] = { STATEMENT_LIST(X) };
#undef X

#define X(name, shape, parameters) [STATEMENT_##name] = #name,
const char *const statement_names[STATEMENT_COUNT] = { STATEMENT_LIST(X) };
#undef X

const struct engine *engine_of(const char *url)
{
	const char *colon = strstr(url, "://");
	if (!colon)
		return NULL;
	const size_t len = (size_t)(colon - url);
	for (size_t i = 0; engines[i]; i++)
		for (size_t k = 0; engines[i]->schemes[k]; k++)
			if (strlen(engines[i]->schemes[k]) == len &&
			    strncmp(engines[i]->schemes[k], url, len) == 0)
				return engines[i];
	return NULL;
}
