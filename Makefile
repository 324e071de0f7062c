# SPDX-License-Identifier: MIT
# One Makefile for everything; `make help` lists what it does.

B ?= build
PREFIX ?= /usr/local
CC ?= gcc
PKGS := libevent libcurl hiredis jansson libutf8proc libical libsodium
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
ASM_dispatcher := $(wildcard dispatcher/*/*.S)
LIB_FILES := $(foreach l,$(LAYERS),$(B)/lib$(l).a)

UNIT_SRC := $(shell find tests/unit -name '*.c' 2>/dev/null)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)

.PHONY: all help demo test unit unit-build model asan bench fuzz lint deps clean install

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

# The Lua functions and default files are inside the binary.
$(B)/dispatcher/store/embed.o: $(wildcard dispatcher/lua/*.lua) $(wildcard config/*.json)

# The gateway simulator shares nothing with Loa but the C library, libevent and Jansson.
$(B)/gateway: $(wildcard tests/gateway/*.c tests/gateway/*.h)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) $(OPT) $(SAN_FLAGS) -o $@ $(wildcard tests/gateway/*.c) \
		$(shell pkg-config --cflags --libs libevent jansson 2>/dev/null)

$(B)/tests/unit/%: tests/unit/%.c $(LIB_FILES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< -Wl,--start-group $(LIB_FILES) -Wl,--end-group -lcmocka $(LIBS)

$(B)/tests/model/model: $(wildcard tests/model/*.c tests/model/*.h)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -I. $(WARN) -O2 -g -o $@ $(wildcard tests/model/*.c)

demo: deps ## the main job from end to end on this machine, and its report
	@$(MAKE) --no-print-directory all
	@B=$(B) config/demo/run

unit: deps ## the unit tests; T=name runs those whose path contains it
	@$(MAKE) --no-print-directory unit-build
	@B=$(B) tests/run unit $(T)

unit-build: all $(UNIT_BIN)

model: $(B)/tests/model/model ## the exhaustive model of claim, permit, bytes, outcome
	$(B)/tests/model/model

MODEL := $(if $(wildcard tests/model/*.c),tests/model/model)

test: deps ## all tests
	@$(MAKE) --no-print-directory unit-build $(MODEL:%=$(B)/%)
	@B=$(B) tests/run all

asan: deps ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory B=build/asan SAN=1 OPT='-O1 -g' unit-build $(MODEL:%=build/asan/%)
	@B=build/asan tests/run all

fuzz: deps ## fuzz each parser; SECONDS=30 each
	@tests/fuzz/run $(or $(SECONDS),30)

bench: deps ## how long the loop's turns are, and what the gateway sees of the pace
	@$(MAKE) --no-print-directory all
	@B=$(B) bench/loop

lint: deps ## arrows, lengths, banned calls, keys, options, layout
	@tests/lint/run

deps: ## install what is missing of Debian's packages
	@tests/deps

install: all ## put the binary under DESTDIR and PREFIX
	install -D -m 755 $(B)/loa $(DESTDIR)$(PREFIX)/bin/loa

clean: ## remove what was built
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
