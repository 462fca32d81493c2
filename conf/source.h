/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the text of one configuration file, made ready for libconfuse. */
#ifndef SOURCE_H
#define SOURCE_H

#include "conf.h"

struct source_variable {
	char *text;
	bool from_environment;          /* false: the default that the file gives */
};

struct source {
	char *path;
	char *text;                     /* same lines as the file; NUL-ended */
	bool exposed;                   /* users other than owner and group may read the file */
	struct source_variable *variables; /* what the marks in `text` stand for */
	size_t nvariables;
	int *openings;                  /* the line of each outermost {, in order */
	size_t nopenings;
};

/* Reads the file. False, with *err filled, when it cannot be read, is no text,
 * or leaves something open. Either way source_free() follows. */
bool source_read(struct source *, const char *path, struct conf_error *err);
void source_free(struct source *);

/*
 * A text out of source->text with the variables put in, newly allocated. NULL
 * when it holds control characters. *secret becomes true when some of it came
 * from the environment, so that the file alone does not give it away.
 */
char *source_expand(const struct source *, const char *text, bool *secret);

/* `name` as seen from the folder of the file `from`, newly allocated. */
char *source_beside(const char *from, const char *name);

/* What can be read of a file, up to `max` octets, newly allocated and NUL-ended.
 * *mode is that of the file. NULL, with *err filled, when there is nothing to read. */
char *source_slurp(const char *path, size_t max, size_t *len, unsigned *mode,
    struct conf_error *err);

#endif
