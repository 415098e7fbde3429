# SPDX-License-Identifier: GPL-2.0
# make              build/ipctrace
# make check        unit tests (as root also the end-to-end tests: see scripts/test.sh)
# make install      DESTDIR= PREFIX=/usr/local
# make analyze      clang-tidy and cppcheck over everything in C; any finding is an error
# make arm64        compiles for 64-bit ARM, as far as that goes without ARM's libraries
# make WERROR=1     warnings are errors
# make SANITIZE=1   with AddressSanitizer and UndefinedBehaviorSanitizer, in build/sanitize

BUILD   ?= $(if $(SANITIZE),build/sanitize,build)
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
INSTALL ?= install
CLANG_TIDY ?= clang-tidy
CPPCHECK   ?= cppcheck
ARM64_CC   ?= $(CLANG) --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include

VERSION := 0.1.0

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra $(if $(WERROR),-Werror)
# Of ipctrace and its unit tests; the workloads know what calls they make, which a sanitizer would add to.
SANITIZERS := $(if $(SANITIZE),-O1 -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
CPPFLAGS += -Iinclude -Iuser -I$(BUILD) -D_GNU_SOURCE -DIPCTRACE_VERSION='"$(VERSION)"'
PACKAGES := libbpf ncursesw libcap
LDLIBS   += $(shell pkg-config --libs $(PACKAGES))

BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ivmlinux -Ibpf \
	$(WARNINGS) -Wno-unused-parameter

BPF_SOURCES  := $(wildcard bpf/*.bpf.c)
USER_SOURCES := $(wildcard user/*.c user/*/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
LOAD_LIB     := $(wildcard tests/workloads/lib_*.c)
LOAD_SOURCES := $(filter-out $(LOAD_LIB),$(wildcard tests/workloads/*.c))
BENCH_BPF    := $(wildcard tests/bench/*.bpf.c)
BENCH_SOURCES := $(filter-out $(BENCH_BPF),$(wildcard tests/bench/*.c))

BPF_OBJECTS  := $(BPF_SOURCES:%.bpf.c=$(BUILD)/%.bpf.o)
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/%.o)
LIB_OBJECTS  := $(filter-out $(BUILD)/user/main.o,$(USER_OBJECTS))
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/%)
WORKLOADS    := $(LOAD_SOURCES:tests/workloads/%.c=$(BUILD)/workloads/%)
WORKLOADS_32 := $(LOAD_SOURCES:tests/workloads/%.c=$(BUILD)/workloads32/%)
BENCHES      := $(BENCH_SOURCES:tests/bench/%.c=$(BUILD)/bench/%) \
	$(BENCH_BPF:tests/bench/%.bpf.c=$(BUILD)/bench/%.bpf.o)

.PHONY: all check workloads workloads32 benches unit tidy cppcheck analyze arm64 compiled install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/ipctrace

$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/ipctrace.bpf.o: $(BPF_OBJECTS)
	$(BPFTOOL) gen object $@ $^

$(BUILD)/ipctrace.skel.h: $(BUILD)/ipctrace.bpf.o
	{ echo '/* NOLINTBEGIN: generated */'; $(BPFTOOL) gen skeleton $< name ipctrace_bpf && \
		echo '/* NOLINTEND */'; } > $@

$(BUILD)/user/%.o: user/%.c | $(BUILD)/ipctrace.skel.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(CPPFLAGS) $(CFLAGS) $(SANITIZERS) $(WARNINGS) -MMD -MP -c $< -o $@

$(BUILD)/libipctrace.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/ipctrace: $(BUILD)/user/main.o $(BUILD)/libipctrace.a
	$(CC) $(CFLAGS) $(SANITIZERS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libipctrace.a
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(CPPFLAGS) $(CFLAGS) $(SANITIZERS) $(WARNINGS) -MMD -MP -MF $@.d $< $(BUILD)/libipctrace.a \
		$(LDFLAGS) $(LDLIBS) -lcmocka -o $@

$(BUILD)/workloads/%: tests/workloads/%.c $(LOAD_LIB)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -MMD -MP -MF $@.d $< $(LOAD_LIB) \
		-pthread -lrt -o $@

$(BUILD)/workloads32/%: tests/workloads/%.c $(LOAD_LIB)
	@mkdir -p $(@D)
	$(CC) -m32 -static -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -MMD -MP -MF $@.d $< $(LOAD_LIB) \
		-pthread -lrt -o $@

$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -MMD -MP -MF $@.d $< -pthread -lbpf -o $@

unit: $(UNIT_TESTS)
workloads: $(WORKLOADS) workloads32

# 32-bit programs for the tests, where the compiler has what it takes to make them.
workloads32:
	@if echo 'int main(void) { return 0; }' | $(CC) -m32 -static -x c - -o /dev/null 2>/dev/null; then \
		$(MAKE) --no-print-directory $(WORKLOADS_32); fi
benches: $(BENCHES)

check: all unit workloads
	@failed=0; for test in $(UNIT_TESTS); do $$test || failed=1; done; exit $$failed

# cppcheck reads no headers of the system: the macros that do not look like C are given to it.
CPPCHECK_MACROS := -D'SEC(name)=' -D'BPF_PROG(name, ...)=name(__VA_ARGS__)'
# One stamp a file and tool; the checks and their reasons are in .clang-tidy and .cppcheck-suppressions.
HEADERS     := $(wildcard include/* user/*.h user/*/*.h user/*/*.def bpf/*.h vmlinux/*.h tests/*/*.h)
C_ANALYZED  := $(USER_SOURCES) $(wildcard tests/unit/*.c tests/workloads/*.c) $(BENCH_SOURCES)
TIDY_STAMPS := $(C_ANALYZED:%.c=$(BUILD)/analyze/%.tidy) $(BPF_SOURCES:%.c=$(BUILD)/analyze/%.tidy)
CPPCHECK_FLAGS := --enable=warning,style,performance,portability --inline-suppr --error-exitcode=1 --quiet \
	--suppressions-list=.cppcheck-suppressions --template='{file}:{line}: {message} [{id}]'

$(BUILD)/analyze/%.bpf.tidy: %.bpf.c .clang-tidy $(HEADERS)
	@mkdir -p $(@D)
	$(CLANG_TIDY) --quiet $< -- $(BPF_CFLAGS) 2>$@.err || { cat $@.err; exit 1; }
	@touch $@

$(BUILD)/analyze/%.tidy: %.c .clang-tidy $(HEADERS) | $(BUILD)/ipctrace.skel.h
	@mkdir -p $(@D)
	$(CLANG_TIDY) --quiet $< -- -std=gnu11 $(CPPFLAGS) $(WARNINGS) 2>$@.err || \
		{ cat $@.err; exit 1; }
	@touch $@

$(BUILD)/analyze/user.cppcheck: $(C_ANALYZED) $(HEADERS) .cppcheck-suppressions
	@mkdir -p $(@D)
	$(CPPCHECK) $(CPPCHECK_FLAGS) $(CPPCHECK_MACROS) --enable=unusedFunction --std=c11 $(CPPFLAGS) $(C_ANALYZED)
	@touch $@

$(BUILD)/analyze/bpf.cppcheck: $(BPF_SOURCES) $(HEADERS) .cppcheck-suppressions
	@mkdir -p $(@D)
	$(CPPCHECK) $(CPPCHECK_FLAGS) $(CPPCHECK_MACROS) --std=c11 -D__bpf__ $(filter -D% -I%,$(BPF_CFLAGS)) $(BPF_SOURCES)
	@touch $@

tidy: $(TIDY_STAMPS)
cppcheck: $(BUILD)/analyze/user.cppcheck $(BUILD)/analyze/bpf.cppcheck
analyze: tidy cppcheck

# With clang: Debian's gcc for ARM and gcc-multilib, which the 32-bit workloads need, exclude each other.
# Debian's headers of libbpf, ncurses, libcap and uthash are the same files on every architecture; their
# libraries for ARM are not there, so that this compiles all of it and links the kernel side only.
arm64:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/arm64 ARCH=arm64 CC='$(ARM64_CC)' compiled
compiled: $(USER_OBJECTS) $(LOAD_SOURCES:%.c=$(BUILD)/%.o) $(LOAD_LIB:%.c=$(BUILD)/%.o)

$(BUILD)/tests/workloads/%.o: tests/workloads/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -MMD -MP -c $< -o $@

install: all
	$(INSTALL) -D -m 755 $(BUILD)/ipctrace $(DESTDIR)$(PREFIX)/bin/ipctrace
	$(INSTALL) -D -m 644 user/man/ipctrace.1 $(DESTDIR)$(PREFIX)/share/man/man1/ipctrace.1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/ipctrace $(DESTDIR)$(PREFIX)/share/man/man1/ipctrace.1

clean:
	rm -rf $(BUILD)

-include $(BPF_OBJECTS:.o=.d) $(USER_OBJECTS:.o=.d)
-include $(wildcard $(BUILD)/tests/*.d $(BUILD)/workloads/*.d $(BUILD)/workloads32/*.d $(BUILD)/bench/*.d)
