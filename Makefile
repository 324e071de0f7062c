# SPDX-License-Identifier: MIT
# One Makefile for everything; `make help` lists what it does.

B ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CC ?= gcc
PKGS := libevent libcurl hiredis jansson libutf8proc libical libsodium libzip expat xlsxwriter
VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md 2>/dev/null | head -1)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wformat=2 -Werror
OPT ?= -O2 -g
comma := ,
SAN_FLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CPPFLAGS_ALL = -D_GNU_SOURCE -I. -DLOA_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_ALL = -std=c11 $(WARN) $(OPT) $(SAN_FLAGS) -MMD -MP $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

# The libraries by layer, lowest last, as the linker wants them.
LAYERS := dispatcher providers segments templates base
SRC_base := $(wildcard base/*.c)
SRC_templates := $(wildcard templates/*.c)
SRC_segments := $(wildcard segments/*.c)
SRC_providers := $(wildcard providers/*.c)
SRC_dispatcher := $(filter-out dispatcher/main.c,$(wildcard dispatcher/*.c dispatcher/*/*.c))
ASM_segments := $(wildcard segments/*.S)
ASM_dispatcher := $(wildcard dispatcher/*/*.S)
LIB_FILES := $(foreach l,$(LAYERS),$(B)/lib$(l).a)

UNIT_SRC := $(shell find tests/unit -name '*.c' 2>/dev/null)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)

.PHONY: all help demo test unit unit-build model chaos chaos-build torture asan bench fuzz lint deps deps-tests deps-fuzz deps-bench libs clean manual install uninstall

all: $(B)/loa $(B)/gateway ## build everything

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n",$$1,$$2}' Makefile

$(B)/loa: $(B)/dispatcher/main.o $(LIB_FILES)
	@echo "  LD $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $(B)/dispatcher/main.o -Wl,--start-group $(LIB_FILES) -Wl,--end-group $(LIBS)

define layer_rule
$(B)/lib$(1).a: $$(SRC_$(1):%.c=$(B)/%.o) $$(ASM_$(1):%.S=$(B)/%.o)
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(B)/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS $<"
	@$(CC) $(CPPFLAGS_ALL) -c -o $@ $<

# The Lua functions, default files and demonstration data are inside the binary.
$(B)/dispatcher/store/embed.o: $(wildcard dispatcher/lua/*.lua) $(wildcard config/*.json)
$(B)/dispatcher/samples/embed.o: $(wildcard templates/samples/*)
$(B)/segments/headers_embed.o: config/headers.json config/languages.json
$(B)/dispatcher/demo/embed.o: $(wildcard config/demo/*)
$(B)/segments/provinces.o: config/provinces.json
$(B)/segments/numbering_embed.o: config/numbering.json

# The gateway simulator shares nothing with Loa but the C library, libevent and Jansson.
$(B)/gateway: $(wildcard tests/gateway/*.c tests/gateway/*.h)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) $(OPT) $(SAN_FLAGS) -o $@ $(wildcard tests/gateway/*.c) \
		$(shell pkg-config --cflags --libs libevent jansson 2>/dev/null)

# Torture looks at everything from outside.
$(B)/torture: $(wildcard tests/torture/*.c tests/torture/*.h)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) $(OPT) $(SAN_FLAGS) -o $@ $(wildcard tests/torture/*.c) \
		$(shell pkg-config --cflags --libs jansson 2>/dev/null)

# Compiled first, then linked: a compiler's cache knows it again.
.SECONDARY:
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIB_FILES)
	@echo "  LD $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $< $(WRAP:%=-Wl,--wrap=%) -Wl,--start-group $(LIB_FILES) \
		-Wl,--end-group -lcmocka $(LIBS)

# This one lets memory run out.
$(B)/tests/unit/templates/memory: WRAP = malloc calloc realloc

$(B)/tests/unit/segments/query_sqlite: LIBS += -lsqlite3

$(B)/bench/%: bench/%.c $(LIB_FILES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $(WRAP:%=-Wl,--wrap=%) -Wl,--start-group $(LIB_FILES) \
		-Wl,--end-group $(LIBS)

BENCH := bare disk poster pusher segments sink text

# Every allocation of the program itself is counted.
$(B)/bench/text: WRAP = malloc calloc realloc

$(B)/tests/model/model: $(wildcard tests/model/*.c tests/model/*.h)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) -O2 -g -o $@ $(wildcard tests/model/*.c)

# These share nothing with Loa, either.
$(B)/tests/chaos/%: tests/chaos/%.c
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) -O2 -g -o $@ $<

$(B)/tests/chaos/shim.so: tests/chaos/shim.c
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) -O2 -g -shared -fPIC -o $@ $< -ldl

demo: deps ## the main job from end to end on this machine, and its report
	@$(MAKE) --no-print-directory all
	@B=$(B) config/demo/run

unit: deps-tests ## the unit tests; T=name runs those whose path contains it
	@$(MAKE) --no-print-directory unit-build
	@B=$(B) tests/run unit $(T)

unit-build: all $(UNIT_BIN) $(B)/loa-next $(B)/torture manual chaos-build

chaos-build: $(B)/loa $(B)/gateway $(B)/tests/chaos/plan $(B)/tests/chaos/compare $(B)/tests/chaos/shim.so

chaos: deps-tests ## everything goes wrong while campaigns are sent; MINUTES=3 MESSAGES=100000 KILLS=220 of a row, SEED= replays
	@$(MAKE) --no-print-directory chaos-build
	@B=$(B) $(foreach v,SEED MINUTES MESSAGES KILLS ROWS RATE,$(if $($(v)),$(v)='$($(v))')) tests/chaos/run

# The same server with another text of its Lua library: two releases on one Redis, for the tests.
$(B)/next/library.o: dispatcher/store/library.c
	@mkdir -p $(@D)
	@echo "  CC $< (next)"
	@$(CC) $(CPPFLAGS_ALL) -DLIBRARY_NOTE='"-- next\n"' $(CFLAGS_ALL) -c -o $@ $<

$(B)/loa-next: $(B)/next/library.o $(B)/dispatcher/main.o $(LIB_FILES)
	@echo "  LD $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $(B)/dispatcher/main.o $(B)/next/library.o -Wl,--start-group $(LIB_FILES) -Wl,--end-group $(LIBS)

model: $(B)/tests/model/model ## the exhaustive model of claim, permit, bytes, outcome
	$(B)/tests/model/model

MODEL := $(if $(wildcard tests/model/*.c),tests/model/model)

test: deps-tests ## all tests
	@$(MAKE) --no-print-directory unit-build $(MODEL:%=$(B)/%)
	@B=$(B) tests/run all

torture: deps-tests ## the n-th Redis command or gateway request of a small run fails, for all n; SECONDS=, SEED=
	@$(MAKE) --no-print-directory all $(B)/torture
	@$(B)/torture --build $(B) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

asan: deps-tests ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory B=build/asan SAN=1 OPT='-O1 -g' unit-build $(MODEL:%=build/asan/%)
	@B=build/asan tests/run all

fuzz: deps-fuzz ## fuzz each parser; SECONDS=30 each
	@tests/fuzz/run $(or $(SECONDS),30)

bench: deps-bench ## beside curl, Kannel, BullMQ; batches, audiences, the pace, single messages, receipts; memory of an id, texts, queries, imports
	@$(MAKE) --no-print-directory all $(B)/tests/unit/dispatcher/store/library_ids $(BENCH:%=$(B)/bench/%)
	@B=$(B) bench/engine
	@B=$(B) bench/batches
	@B=$(B) bench/flat
	@B=$(B) bench/pace
	@B=$(B) bench/urgent
	@B=$(B) bench/receipts
	@B=$(B) bench/loop
	@B=$(B) bench/notices
	@B=$(B) bench/ids
	@B=$(B) bench/text
	@B=$(B) bench/segments
	@B=$(B) bench/import

lint: deps ## arrows, lengths, banned calls, keys, options, layout
	@tests/lint/run

deps: ## install what is missing of Debian's packages
	@tests/deps

deps-fuzz:
	@tests/deps --fuzz

deps-bench:
	@tests/deps --bench

libs: # what a program of ours is linked with
	@echo $(LIBS)

deps-tests: ## the same, and what the tests compare with (SQLite, npm packages)
	@tests/deps --tests

# The pages name /usr/share/doc/loa, /usr/bin/loa, /etc/loa; an installed file names where things are.
UNITS := loa.service loa-backup.service loa-backup.timer
MAN := loa.1 loa-config.5 loa-serve.8
in_place = sed -e 's|/usr/share/doc/loa|$(PREFIX)/share/doc/loa|g' -e 's|/usr/bin/loa|$(PREFIX)/bin/loa|g' \
	-e 's|/etc/loa|$(SYSCONFDIR)/loa|g'
to = $(DESTDIR)$(PREFIX)

manual: $(MAN:%=$(B)/man/%) $(B)/man/loa.bash ## the manual pages and the completion of bash

$(B)/man/loa.bash: $(B)/loa
	@mkdir -p $(@D)
	@$(B)/loa help --completion >$@.part && mv $@.part $@

$(B)/man/%: $(B)/loa
	@mkdir -p $(@D)
	@$(B)/loa help --man $* >$@.part && mv $@.part $@

install: all manual ## put everything under DESTDIR: PREFIX=/usr/local SYSCONFDIR=/etc; a configuration that is there stays
	install -D -m 755 $(B)/loa $(to)/bin/loa
	set -e; for page in $(MAN); do d=$(to)/share/man/man$${page##*.}; install -d $$d; \
		$(in_place) $(B)/man/$$page >$$d/$$page; chmod 644 $$d/$$page; done
	install -D -m 644 $(B)/man/loa.bash $(to)/share/bash-completion/completions/loa
	install -d $(to)/share/doc/loa/formats $(to)/share/doc/loa/examples
	install -m 644 README.md README.vi.md CHANGELOG.md LICENSE docs/*.md $(to)/share/doc/loa
	install -m 644 docs/formats/*.md $(to)/share/doc/loa/formats
	install -m 644 config/loa.json config/policy.json config/sms.json config/content.json config/calendar.json config/numbering.json config/loa-alerts.yml config/loa.logrotate $(to)/share/doc/loa/examples
	install -d $(to)/lib/systemd/system $(to)/lib/sysusers.d $(to)/lib/tmpfiles.d
	set -e; for unit in $(UNITS); do $(in_place) config/$$unit >$(to)/lib/systemd/system/$$unit; done
	$(in_place) config/loa.sysusers >$(to)/lib/sysusers.d/loa.conf
	$(in_place) config/loa.tmpfiles >$(to)/lib/tmpfiles.d/loa.conf
	chmod 644 $(UNITS:%=$(to)/lib/systemd/system/%) $(to)/lib/sysusers.d/loa.conf $(to)/lib/tmpfiles.d/loa.conf
	install -d -m 750 $(DESTDIR)$(SYSCONFDIR)/loa
	set -e; for file in loa.json policy.json content.json; do f=$(DESTDIR)$(SYSCONFDIR)/loa/$$file; [ -e $$f ] || \
		{ (umask 027; $(in_place) config/$$file >$$f.part); mv $$f.part $$f; }; done

uninstall: ## take it away again; configuration and data stay
	rm -f $(to)/bin/loa $(foreach p,$(MAN),$(to)/share/man/man$(subst .,,$(suffix $(p)))/$(p)) \
		$(to)/share/bash-completion/completions/loa $(UNITS:%=$(to)/lib/systemd/system/%) \
		$(to)/lib/sysusers.d/loa.conf $(to)/lib/tmpfiles.d/loa.conf
	rm -rf $(to)/share/doc/loa

clean: ## remove what was built
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
