# SPDX-License-Identifier: Apache-2.0
# One file, no recursion. `make help` lists what there is.
#
#   make                          build/smsqld build/smsqlctl build/smsc-sim
#   make CC=clang                 with another compiler
#   make SAN=address,undefined    with sanitizers, in a build folder of its own

CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
SAN     ?=
comma   := ,
B       ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(filter clang,$(CC)),-clang)
PREFIX  ?= /usr/local
VERSION := 0.1.0

# The client library of MariaDB, or that of MySQL.
MYSQL   := $(shell pkg-config --exists libmariadb && echo libmariadb || echo mysqlclient)
LIBS    := libevent libevent_pthreads libevent_openssl libssl libcrypto libpq sqlite3 $(MYSQL) libconfuse jansson libsystemd
CFLAGS  ?= -O2 -g
WARN    := -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Werror
# Texts for people may be cut short: that is what snprintf is for here. Clang has no such warning.
CPP_ALL := -I. -D_GNU_SOURCE -DSMSQLD_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
SANFLAG := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
C_ALL   := $(WARN) $(CPP_ALL) $(CFLAGS) $(SANFLAG) -MMD -MP -pthread
# There are many test programs: half the time that it takes to link them, where lld is at hand.
LD_TESTS := $(if $(shell command -v ld.lld),-fuse-ld=lld)
LD_ALL   = $(LDFLAGS) $(SANFLAG) -pthread $(shell pkg-config --libs $(LIBS)) -lm

ENGINES  := mysql pgsql sqlite
MAINS    := gateway/smsqld.c sql/smsqlctl.c
SOURCES  := $(filter-out $(MAINS),$(wildcard conf/*.c sms/*.c gateway/*.c drivers/*.c sql/*.c))
OBJECTS  := $(SOURCES:%.c=$(B)/%.o) $(ENGINES:%=$(B)/sql/%_sql.o)
SIM      := $(wildcard tests/sim/*.c)
PROGRAMS := $(B)/smsqld $(B)/smsqlctl $(B)/smsc-sim
ASK      := $(B)/tests/e2e/ask
CHECKS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/check_*.c))
BENCHES  := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
REPLAYS  := $(FUZZERS:%=$(B)/tests/replay_%)
PEERS    := build/peers/node_modules/smpp/package.json build/peers/kannel/usr/lib/kannel/test/test_cimd2 \
            build/peers/modem/usr/bin/gammu

# All cores, unless told otherwise. Cleaning and building are not to overlap.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS))$(filter clean,$(MAKECMDGOALS)),)
MAKEFLAGS += -j$(shell nproc)
endif

build: $(PROGRAMS) $(ASK) ## the programs: smsqld smsqlctl smsc-sim (this is the default)

help: ## this list
	@echo "make TARGET [CC=clang] [SAN=address,undefined] [B=FOLDER]"
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## install with apt what is needed and missing; says what it does
	@tests/deps

# Whoever types one of these first on a bare machine gets what is missing: make
# makes the file it is to include, and then starts over and sees the libraries.
ifneq ($(filter demo check bench,$(MAKECMDGOALS)),)
include $(B)/deps.mk
endif
$(B)/deps.mk: tests/deps
	@tests/deps
	@mkdir -p $(@D) && touch $@

demo: build ## watch rows become messages; KEEP=1 leaves it running
	@B=$(B) KEEP=$(KEEP) tests/demo

check: build $(CHECKS) $(REPLAYS) $(PEERS) ## every test; ONLY="unit fuzz e2e" or names of tests chooses
	@B=$(B) SAN=$(SAN) tests/run $(ONLY)

checks: $(CHECKS) $(REPLAYS) $(BENCHES)

lint: ## what a program can check of how the code reads
	@CC="$(CC)" CPP_ALL='$(CPP_ALL)' tests/lint

bench: build ## a rate and what it is compared with; ENGINE=sqlite|pgsql|mysql N=200000
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),200000) tests/bench/run

bench-latency: build ## from INSERT to the wire, idle and at half speed; ENGINE=sqlite|pgsql|mysql N=300 RATE=
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),300) RATE=$(RATE) tests/bench/run_latency

bench-memory: build ## the gateway's memory beside very many queued rows; ENGINE=pgsql N=10000000
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),10000000) tests/bench/run_memory

bench-flat: build ## the rate beside history, and beside an open transaction; ENGINE=pgsql N=10000000 MINUTES=10
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),10000000) ROWS=$(or $(ROWS),200000) MINUTES=$(or $(MINUTES),10) \
	tests/bench/run_flat

bench-inbound: build ## messages from handsets a second, committed; ENGINE=pgsql N=200000 LONG=10
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),200000) LONG=$(or $(LONG),0) tests/bench/run_inbound

bench-encode: $(B)/tests/bench/bench_encode ## messages encoded a second on one core
	@$<

bench-smpp: build $(B)/tests/bench/bench_driver ## messages a second over one link, from memory; N=500000 WINDOW=1000
	@B=$(B) PROTOCOL=smpp N=$(or $(N),500000) WINDOW=$(or $(WINDOW),1000) tests/bench/run_driver

bench-ucp: build $(B)/tests/bench/bench_driver ## the same over UCP; N=200000 WINDOW=100
	@B=$(B) PROTOCOL=ucp N=$(or $(N),200000) WINDOW=$(or $(WINDOW),100) tests/bench/run_driver

bench-cimd2: build $(B)/tests/bench/bench_driver ## the same over CIMD2, beside what the round trip allows; N=200000 WINDOW=10
	@B=$(B) PROTOCOL=cimd2 N=$(or $(N),200000) WINDOW=$(or $(WINDOW),10) tests/bench/run_driver

bench-blocking: build ## a free link beside one in trouble; ENGINE=sqlite|pgsql|mysql N=40000 BACKLOG=500000
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) N=$(or $(N),40000) BACKLOG=$(or $(BACKLOG),500000) tests/bench/run_blocking

bench-modems: build $(ASK) ## thirty modems on one gateway; ENGINE=sqlite|pgsql|mysql MODEMS=30 DELAY=2 SECONDS_OF_LOAD=60
	@B=$(B) ENGINE=$(or $(ENGINE),sqlite) MODEMS=$(or $(MODEMS),30) DELAY=$(or $(DELAY),2) \
	SECONDS_OF_LOAD=$(or $(SECONDS_OF_LOAD),60) tests/bench/run_modems

soak: build ## full load into a message centre that misbehaves; MINUTES=10 ENGINE=pgsql
	@B=$(B) SOAK_SECONDS=$$(($(or $(MINUTES),10) * 60)) ENGINE_OF_SOAK=$(or $(ENGINE),pgsql) tests/e2e/soak.sh

chaos: build ## everything dies at random; ROUNDS=10 SEED=1 EVENTS=25 ENGINE=pgsql
	@B=$(B) ROUNDS=$(or $(ROUNDS),10) SEED=$(SEED) EVENTS=$(or $(EVENTS),25) WAVE=$(or $(WAVE),300) \
	ONLY_ENGINE=$(ENGINE) CHECK_LOGS=$(B)/chaos-logs tests/e2e/chaos.sh

gateways: build ## four gateways on the same tables, some of which die; ROWS=1000000 ENGINE=pgsql
	@B=$(B) ROWS=$(or $(ROWS),1000000) ONLY_ENGINE=$(ENGINE) CHECK_LOGS=$(B)/chaos-logs tests/e2e/gateways.sh

failover: build ## the database server dies under load, and another takes its place; ROWS=100000 ASYNC=1 ENGINE=pgsql|mysql
	@B=$(B) ROWS=$(or $(ROWS),100000) ASYNC=$(ASYNC) ONLY_ENGINE=$(ENGINE) CHECK_LOGS=$(B)/chaos-logs tests/e2e/failover.sh

FUZZ_SECONDS ?= 600
fuzz: $(FUZZERS:%=$(B)/fuzz/%) ## run each fuzz target for FUZZ_SECONDS=600
	@for target in $(FUZZERS); do echo "fuzz $$target for $(FUZZ_SECONDS) s"; \
	mkdir -p $(B)/fuzz/corpus/$$target && $(B)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) \
	-print_final_stats=1 -artifact_prefix=$(B)/fuzz/$$target- $(B)/fuzz/corpus/$$target \
	$$(ls -d tests/fuzz/corpus/$$target 2>/dev/null) || exit 1; done

install: build ## into PREFIX=/usr/local; an /etc/smsqld/smsqld.conf that is there stays
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/smsqld $(DESTDIR)/etc/smsqld
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 conf/smsqld.conf README.md docs/*.md $(DESTDIR)$(PREFIX)/share/smsqld
	for page in $(wildcard docs/*.[1-8]); do install -D -m 644 $$page \
	$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	for file in $(wildcard sql/*/schema.sql sql/*/partitioned.sql); do install -D -m 644 $$file \
	$(DESTDIR)$(PREFIX)/share/smsqld/$${file#sql/} || exit 1; done
	install -D -m 644 conf/smsqld.service $(DESTDIR)$(PREFIX)/lib/systemd/system/smsqld.service
	test -e $(DESTDIR)/etc/smsqld/smsqld.conf || \
	install -m 600 conf/smsqld.conf $(DESTDIR)/etc/smsqld/smsqld.conf

clean: ## remove every build folder
	rm -rf build build-*

$(B)/libsmsqld.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/smsqld: $(B)/gateway/smsqld.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/smsqlctl: $(B)/sql/smsqlctl.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/smsc-sim: $(SIM:%.c=$(B)/%.o) $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

# What end-to-end cases look into their tables with.
$(ASK): $(B)/tests/e2e/ask.o $(B)/sql/mysql_url.o
	$(CC) -o $@ $^ $(LD_ALL)

# For tests of links to modems.
$(B)/sim_modem.a: $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/sim_modem*.c))
	@rm -f $@
	ar rcs $@ $^

$(B)/tests/check_%: $(B)/tests/check_%.o $(B)/sim_modem.a $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_TESTS) $(LD_ALL) $(shell pkg-config --libs check)

# Counts what it allocates.
$(B)/tests/bench/bench_encode: $(B)/tests/bench/bench_encode.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL) -Wl,--wrap=malloc,--wrap=calloc

$(B)/tests/bench/bench_driver: $(B)/tests/bench/bench_driver.o $(B)/libsmsqld.a
	$(CC) -o $@ $^ $(LD_ALL)

$(B)/tests/replay_%: tests/fuzz/%.c $(B)/libsmsqld.a
	@mkdir -p $(@D)
	$(CC) $(C_ALL) -DFUZZ_REPLAY -o $@ $(filter %.c %.a,$^) $(LD_TESTS) $(LD_ALL)

# What only tries something need not be fast, and there is much of it to compile.
$(B)/tests/check_%.o $(B)/tests/replay_%: private CFLAGS += -O0

$(B)/%.o: %.c | deps-present
	@mkdir -p $(@D)
	$(CC) $(C_ALL) -c -o $@ $<

# With an upgrade_N.sql of every version since the engine's first. statements.sql comes last.
.SECONDEXPANSION:
$(B)/sql/%_sql.c: sql/embed.awk sql/%/schema.sql $$(sort $$(wildcard sql/$$*/partitioned.sql sql/$$*/upgrade_*.sql)) \
                  sql/%/statements.sql
	@mkdir -p $(@D)
	awk -v engine=$* -f $^ > $@

$(B)/sql/%_sql.o: $(B)/sql/%_sql.c
	$(CC) $(C_ALL) -Wno-overlength-strings -c -o $@ $<

# Fuzz targets are built by clang, with their own objects of the code they try.
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
$(B)/fuzz/obj/%.o: %.c | deps-present
	@mkdir -p $(@D)
	clang $(WARN) $(CPP_ALL) $(CFLAGS) $(FUZZ_SAN) -MMD -MP -pthread -c -o $@ $<

$(B)/fuzz/code.a: $(filter-out $(B)/fuzz/obj/sql/%,$(SOURCES:%.c=$(B)/fuzz/obj/%.o))
	@rm -f $@
	ar rcs $@ $^

$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/%.o $(B)/fuzz/code.a
	clang -o $@ $^ -fsanitize=fuzzer,address,undefined $(LD_ALL)

# Message centres that others wrote, for the end-to-end tests. Without a network the
# other tests still run, and those that need them fail and say so.
build/peers/node_modules/%: tests/peers/package.json
	@mkdir -p build/peers && cp $< build/peers/
	-npm install --prefer-offline --fetch-retry-mintimeout=500 --fetch-retry-maxtimeout=2000 --no-package-lock --no-audit --no-fund --loglevel=error --prefix build/peers && touch $@

# Kannel's is unpacked only, with the libraries that few have: installed, it would start services.
build/peers/kannel/%:
	@mkdir -p build/peers/kannel
	-cd build/peers/kannel && { apt-cache show kannel >/dev/null 2>&1 || apt-get -q update; } && \
	apt-get -q download kannel kannel-extras $$(apt-cache depends kannel | sed -nE 's/.*Depends: (lib(ct|hiredis|pcre)[0-9].*)/\1/p') && \
	for package in *.deb; do dpkg-deb -x $$package . && rm $$package || exit 1; done && rm -r etc && touch usr/lib/kannel/test/*

# Programs that have modems, likewise.
build/peers/modem/%:
	@mkdir -p build/peers/modem
	-cd build/peers/modem && { apt-cache show gammu >/dev/null 2>&1 || apt-get -q update; } && \
	apt-get -q download gammu smstools $$(apt-cache depends gammu libgammu8 smstools | sed -nE 's/.*Depends: (lib(gammu|bluetooth|usb|mm)[-.0-9]+)$$/\1/p' | sort -u) && \
	for package in *.deb; do dpkg-deb -x $$package . && rm $$package || exit 1; done && rm -r etc && touch usr/bin/gammu

.SECONDARY:
-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)

deps-present:
	@pkg-config --exists $(LIBS) || { echo "Libraries are missing; run: make deps" >&2; exit 1; }

.PHONY: build help deps demo check checks lint bench bench-encode bench-smpp bench-ucp bench-cimd2 bench-latency bench-memory bench-flat bench-inbound bench-blocking bench-modems soak chaos gateways failover fuzz install clean deps-present
