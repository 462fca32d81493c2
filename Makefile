# SPDX-License-Identifier: Apache-2.0
# One file, no recursion. `make help` lists what there is.
#
#   make                          build/smsqld build/smsqlctl build/smsc-sim
#   make CC=clang                 with another compiler
#   make SAN=address,undefined    with sanitizers, in a build folder of its own

CC      ?= gcc
SAN     ?=
B       ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(filter clang,$(CC)),-clang)
comma   := ,
PREFIX  ?= /usr/local
VERSION := 0.1.0

LIBS    := libevent libevent_pthreads libpq sqlite3 libconfuse jansson libsystemd
CFLAGS  ?= -O2 -g
WARN    := -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Werror
CPP_ALL := -I. -D_GNU_SOURCE -DSMSQLD_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
SANFLAG := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
C_ALL   := $(WARN) $(CPP_ALL) $(CFLAGS) $(SANFLAG) -MMD -MP -pthread
LD_ALL   = $(LDFLAGS) $(SANFLAG) -pthread $(shell pkg-config --libs $(LIBS))

ENGINES  := pgsql sqlite
MAINS    := gateway/smsqld.c sql/smsqlctl.c
SOURCES  := $(filter-out $(MAINS),$(wildcard conf/*.c gateway/*.c drivers/*.c sql/*.c))
OBJECTS  := $(SOURCES:%.c=$(B)/%.o) $(ENGINES:%=$(B)/sql/%_sql.o)
SIM      := $(wildcard tests/sim/*.c)
PROGRAMS := $(B)/smsqld $(B)/smsqlctl $(B)/smsc-sim
CHECKS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/check_*.c))

build: $(PROGRAMS)

$(B)/libsmsqld.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/smsqld: $(B)/gateway/smsqld.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/smsqlctl: $(B)/sql/smsqlctl.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/smsc-sim: $(SIM:%.c=$(B)/%.o) $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/tests/check_%: $(B)/tests/check_%.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL) $(shell pkg-config --libs check)

$(B)/%.o: %.c | deps-present
	@mkdir -p $(@D)
	$(CC) $(C_ALL) -c -o $@ $<

$(B)/sql/%_sql.c: sql/embed.awk sql/%/schema.sql sql/%/statements.sql
	@mkdir -p $(@D)
	awk -v engine=$* -f $^ > $@

$(B)/sql/%_sql.o: $(B)/sql/%_sql.c
	$(CC) $(C_ALL) -Wno-overlength-strings -c -o $@ $<

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)

deps-present:
	@pkg-config --exists $(LIBS) || { echo "Libraries are missing; run: make deps" >&2; exit 1; }

clean:
	rm -rf build build-*

.PHONY: build deps-present clean
