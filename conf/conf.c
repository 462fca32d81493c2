/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - sections and their entries, out of what libconfuse parses.
 *
 *   file --source.c--> text --libconfuse--> callbacks here --> entries --fill.c--> structs
 *
 * To libconfuse every key is a list of strings. on_value() is called for each
 * value it finds and copies it, with its line; on_section() when a section has
 * ended; on_include() reads another file with a parser of its own, so that lines
 * and names of both files stay right. Once all is copied libconfuse's trees go.
 *
 * A section comes to be with its first value, or at its end if it has none:
 * open_section() makes it either way.
 *
 * Types, defaults and ranges are left to fill.c.
 */
#include "section.h"
#include "source.h"

#include <confuse.h>

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INCLUDES_MAX = 10, KINDS_MAX = 20 };

/* A file under way. Kept until the whole reading is over: cfg_free() of one
 * parser would upset the scanner of those that wait for it. */
struct frame {
	struct source source;
	cfg_t *parser;
	struct frame *includer;
	size_t nsections;               /* that have begun in this file */
};

struct conf {
	struct conf_section **sections;
	size_t nsections;
	struct frame **frames;
	size_t nframes;
};

struct reader {
	struct conf *conf;
	const struct conf_kind *kinds;
	cfg_opt_t *options;             /* of a file: sections, include */
	struct frame *frame;            /* the innermost file */
	struct conf_section *section;   /* the one that has begun and not ended, or NULL */
	struct conf_error *err;
	bool failed;                    /* *err is filled */
};

/* libconfuse's scanner is one for the process, and its callbacks carry no
 * context; so this is no restriction of its own. NULL unless in conf_read(). */
static struct reader *reader;

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

bool conf_fail(struct conf_error *err, const char *format, ...)
{
	if (err) {
		va_list arguments;
		va_start(arguments, format);
		vsnprintf(err->text, sizeof err->text, format, arguments);
		va_end(arguments);
	}
	return false;
}

/* Errors. The first one counts: what follows is its echo. */

static int refuse(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(int line, const char *format, ...)
{
	if (reader->failed)
		return -1;
	char what[sizeof reader->err->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	conf_fail(reader->err, "%s:%d: %s%s%.800s", reader->frame->source.path, line,
	    reader->section ? reader->section->label : "", reader->section ? ": " : "", what);
	reader->failed = true;
	return -1;
}

/* Sections */

static const struct conf_kind *kind_of(const char *name)
{
	const struct conf_kind *kind = reader->kinds;
	while (kind->name && strcmp(kind->name, name) != 0)
		kind++;
	return kind->name ? kind : NULL;
}

static struct conf_section *section_like(const struct conf_kind *kind, const char *title)
{
	for (size_t i = 0; i < reader->conf->nsections; i++) {
		struct conf_section *section = reader->conf->sections[i];
		if (section->kind == kind && strcmp(section->title, title) == 0)
			return section;
	}
	return NULL;
}

static int refuse_twin(int line, const struct conf_section *first)
{
	return refuse(line, "%s is there twice; the first is at %.200s", first->label, first->where);
}

static struct conf_section *new_section(const struct conf_kind *kind, const char *title, int line)
{
	struct conf *conf = reader->conf;
	struct conf_section *section = own(calloc(1, sizeof *section));
	section->kind = kind;
	section->title = own(strdup(title));
	if ((kind->titled ? asprintf(&section->label, "%s \"%s\"", kind->name, title)
	                  : asprintf(&section->label, "%s", kind->name)) < 0 ||
	    asprintf(&section->where, "%s:%d: %s", reader->frame->source.path, line,
	        section->label) < 0)
		abort();
	conf->sections = own(reallocarray(conf->sections, conf->nsections + 1,
	    sizeof *conf->sections));
	return conf->sections[conf->nsections++] = section;
}

/* The section that libconfuse is in, made if this is the first we hear of it. */
static struct conf_section *open_section(const cfg_t *parsed)
{
	struct frame *frame = reader->frame;
	if (reader->section || reader->failed || parsed == frame->parser)
		return reader->section;
	const struct conf_kind *kind = kind_of(parsed->name);
	assert(kind && frame->nsections < frame->source.nopenings);
	int line = frame->source.openings[frame->nsections++];
	bool secret;
	char *title = source_expand(&frame->source, parsed->title ? parsed->title : "", &secret);
	struct conf_section *twin = title ? section_like(kind, title) : NULL;
	if (!title)
		refuse(line, "the title holds a control character");
	else if (twin)
		refuse_twin(line, twin);
	else
		reader->section = new_section(kind, title, line);
	free(title);
	return reader->section;
}

static int on_section(cfg_t *parent, cfg_opt_t *option)
{
	(void)parent;
	bool good = open_section(option->values[option->nvalues - 1]->section);
	reader->section = NULL;
	return good ? 0 : -1;
}

static void section_free(struct conf_section *section)
{
	for (size_t i = 0; i < section->nentries; i++) {
		struct conf_entry *entry = &section->entries[i];
		for (size_t j = 0; j < entry->values.n; j++)
			free(entry->values.items[j]);
		free(entry->values.items);
		free(entry->key);
	}
	free(section->entries);
	free(section->where);
	free(section->label);
	free(section->title);
	free(section);
}

/* Entries */

struct conf_entry *section_entry(const struct conf_section *section, const char *key)
{
	for (size_t i = 0; section && i < section->nentries; i++)
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}

static struct conf_entry *new_entry(struct conf_section *section, const char *key, int line)
{
	section->entries = own(reallocarray(section->entries, section->nentries + 1,
	    sizeof *section->entries));
	struct conf_entry *entry = &section->entries[section->nentries++];
	*entry = (struct conf_entry){ .key = own(strdup(key)), .line = line,
		.path = reader->frame->source.path };
	return entry;
}

static int on_value(cfg_t *parsed, cfg_opt_t *option, const char *value, void *result)
{
	*(const char **)result = value;
	struct conf_section *section = open_section(parsed);
	if (!section)
		return refuse(parsed->line, "\"%.40s\" stands outside any section", option->name);
	struct conf_entry *entry = section_entry(section, option->name);
	bool first = option->nvalues == 1;
	if (first && entry)
		return refuse(parsed->line, "%s is there twice; the first is at %.200s:%d",
		    option->name, entry->path, entry->line);
	if (first)
		entry = new_entry(section, option->name, parsed->line);
	bool secret;
	char *text = source_expand(&reader->frame->source, value, &secret);
	if (!text)
		return refuse(parsed->line, "%s: the value holds a control character", option->name);
	struct conf_list *values = &entry->values;
	values->items = own(reallocarray(values->items, values->n + 1, sizeof *values->items));
	values->items[values->n++] = text;
	entry->exposed = entry->exposed || (reader->frame->source.exposed && !secret);
	return 0;
}

/* The section of that title, if no other kind has one too. */
static const struct conf_section *only_section(const char *title)
{
	const struct conf_section *only = NULL;
	for (size_t i = 0; i < reader->conf->nsections; i++) {
		const struct conf_section *section = reader->conf->sections[i];
		if (!section->kind->titled || strcmp(section->title, title) != 0)
			continue;
		if (only)
			return NULL;
		only = section;
	}
	return only;
}

static void refuse_name(int line, const struct conf_section *section, const char *name)
{
	struct conf_error what;
	if (section) {
		unknown_key(&what, name, section->kind->tables);
		refuse(line, "%s", what.text);
		return;
	}
	const char *names[KINDS_MAX + 2] = { "include" }, *nearest;
	size_t n = 1, len = 0;
	for (const struct conf_kind *kind = reader->kinds; kind->name && n < KINDS_MAX; kind++) {
		names[n++] = kind->name;
		len += (size_t)snprintf(what.text + len, sizeof what.text / 2 - len, "%s%s",
		    len ? ", " : "", kind->name);
	}
	nearest = nearest_word(name, names);
	refuse(line, "there is no section \"%.40s\"%s%s%s; allowed: %s", name,
	    nearest ? ": did you mean " : "", nearest ? nearest : "", nearest ? "?" : "", what.text);
}

/* What libconfuse has to say. Names that it does not know we explain better. */
static void on_error(cfg_t *parsed, const char *format, va_list arguments)
{
	struct conf_section *section = open_section(parsed);
	char text[300];
	va_list copy;
	va_copy(copy, arguments);
	vsnprintf(text, sizeof text, format, arguments);
	for (char *at = text; *at; at++) /* marks of variables, see source.c */
		*at = iscntrl((unsigned char)*at) ? '?' : *at;
	const char *name = strstr(format, "%s") ? va_arg(copy, const char *) : "";
	const struct conf_section *twin = strstr(format, "duplicate title") ? only_section(name) : NULL;
	if (twin)
		refuse_twin(parsed->line, twin);
	else if (strncmp(format, "no such option", 14) == 0)
		refuse_name(parsed->line, section, strpbrk(text, "?") ? "?" : name);
	else
		refuse(parsed->line, "%s", text);
	va_end(copy);
}

/* Options for libconfuse */

static size_t keys_in(const struct conf_key *const *tables)
{
	size_t n = 0;
	for (; *tables; tables++)
		for (const struct conf_key *key = *tables; key->name; key++)
			n++;
	return n;
}

static int on_include(cfg_t *parsed, cfg_opt_t *option, int argc, const char **argv);

static bool has_option(const cfg_opt_t *options, const char *name)
{
	for (; options->name; options++)
		if (strcmp(options->name, name) == 0)
			return true;
	return false;
}

/* Several tables may have the same key. */
static cfg_opt_t *options_of_section(const struct conf_kind *kind)
{
	cfg_opt_t *options = own(calloc(keys_in(kind->tables) + 2, sizeof *options)), *at = options;
	*at++ = (cfg_opt_t)CFG_FUNC("include", on_include);
	for (const struct conf_key *const *table = kind->tables; *table; table++)
		for (const struct conf_key *key = *table; key->name; key++)
			if (!has_option(options, key->name))
				*at++ = (cfg_opt_t)CFG_STR_LIST_CB(key->name, NULL, CFGF_NODEFAULT,
				    on_value);
	return options;
}

static cfg_opt_t *options_of_file(const struct conf_kind *kinds)
{
	size_t n = 0;
	while (kinds[n].name)
		n++;
	cfg_opt_t *options = own(calloc(n + 2, sizeof *options));
	for (size_t i = 0; i < n; i++) {
		cfg_flag_t titled = kinds[i].titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0;
		options[i] = (cfg_opt_t)CFG_SEC(kinds[i].name, options_of_section(&kinds[i]),
		    CFGF_MULTI | titled);
		options[i].validcb = on_section;
	}
	options[n] = (cfg_opt_t)CFG_FUNC("include", on_include);
	return options;
}

static void free_options(cfg_opt_t *options)
{
	for (cfg_opt_t *at = options; at->name; at++)
		free(at->subopts);
	free(options);
}

/* Files */

static struct frame *new_frame(struct conf *conf)
{
	struct frame *frame = own(calloc(1, sizeof *frame));
	conf->frames = own(reallocarray(conf->frames, conf->nframes + 1, sizeof *conf->frames));
	return conf->frames[conf->nframes++] = frame;
}

/* Reads a file with the options of a file or of a section. `line` is where the
 * includer names it. */
static bool read_file(const char *path, cfg_opt_t *options, int line)
{
	struct frame *frame = new_frame(reader->conf);
	frame->includer = reader->frame;
	struct conf_error why;
	if (!source_read(&frame->source, path, &why)) {
		if (reader->frame && !frame->source.text)
			refuse(line, "include: %s", why.text);
		else
			conf_fail(reader->err, "%s", why.text);
		reader->failed = true;
		return false;
	}
	reader->frame = frame;
	frame->parser = own(cfg_init(options, CFGF_NONE));
	cfg_set_error_function(frame->parser, on_error);
	if (cfg_parse_buf(frame->parser, frame->source.text) != CFG_SUCCESS)
		refuse(frame->parser->line, "this cannot be understood here");
	reader->frame = frame->includer;
	return !reader->failed;
}

static size_t depth(const struct frame *frame)
{
	size_t n = 0;
	for (; frame; frame = frame->includer)
		n++;
	return n;
}

static int on_include(cfg_t *parsed, cfg_opt_t *option, int argc, const char **argv)
{
	(void)option;
	struct conf_section *section = open_section(parsed);
	if (reader->failed)
		return -1;
	if (argc != 1)
		return refuse(parsed->line, "include takes the name of one file: include(\"FILE\")");
	if (depth(reader->frame) > INCLUDES_MAX)
		return refuse(parsed->line, "include: more than %d files within each other",
		    INCLUDES_MAX);
	bool secret;
	char *name = source_expand(&reader->frame->source, argv[0], &secret);
	if (!name || !*name) {
		free(name);
		return refuse(parsed->line, "include: this is no name of a file");
	}
	char *path = source_beside(reader->frame->source.path, name);
	cfg_opt_t *options = section ? options_of_section(section->kind) : reader->options;
	bool good = read_file(path, options, parsed->line);
	if (section)
		free(options);
	free(path);
	free(name);
	return good ? 0 : -1;
}

struct conf *conf_read(const char *path, const struct conf_kind *kinds, struct conf_error *err)
{
	struct conf_error unasked = { .text = "" };
	struct conf *conf = own(calloc(1, sizeof *conf));
	struct reader now = { .conf = conf, .kinds = kinds, .err = err ? err : &unasked,
		.options = options_of_file(kinds) };
	assert(!reader);
	reader = &now;
	bool good = read_file(path, now.options, 0);
	reader = NULL;
	free_options(now.options);
	for (size_t i = 0; i < conf->nframes; i++) {
		cfg_free(conf->frames[i]->parser);
		conf->frames[i]->parser = NULL;
	}
	if (good)
		return conf;
	conf_free(conf);
	return NULL;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->nsections; i++)
		section_free(conf->sections[i]);
	for (size_t i = 0; i < conf->nframes; i++) {
		source_free(&conf->frames[i]->source);
		free(conf->frames[i]);
	}
	free(conf->sections);
	free(conf->frames);
	free(conf);
}

/* Looking at what was read */

const struct conf_section *conf_next(const struct conf *conf, const char *kind,
    const struct conf_section *after)
{
	bool passed = !after;
	for (size_t i = 0; i < conf->nsections; i++) {
		const struct conf_section *section = conf->sections[i];
		if (passed && strcmp(section->kind->name, kind) == 0)
			return section;
		passed = passed || section == after;
	}
	return NULL;
}

const char *conf_title(const struct conf_section *section)
{
	return section->title;
}

const char *conf_where(const struct conf_section *section)
{
	return section->where;
}

void conf_where_key(const struct conf_section *section, const char *key, char *out, size_t room)
{
	const struct conf_entry *entry = section_entry(section, key);
	if (entry)
		snprintf(out, room, "%.200s:%d: %.100s", entry->path, entry->line, section->label);
	else
		snprintf(out, room, "%s", section->where);
}

const char *conf_value(const struct conf_section *section, const char *key)
{
	const struct conf_entry *entry = section_entry(section, key);
	return entry ? entry->values.items[0] : NULL;
}
