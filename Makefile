# restate_admin: the usual PGXS targets (all, install, installcheck, clean),
# and goals of its own (run, check, bench, lint ...), which work on a machine
# that has no pg_config yet.  `make help` describes them.

EXTENSION  = restate_admin
MODULE_big = restate_admin

# The tree: "." in itself, whose path may have blanks in it.
SRCROOT := .
ifneq ($(strip $(MAKEFILE_LIST)),Makefile)
ifneq ($(words $(MAKEFILE_LIST)),1)
$(error make cannot build in one directory from another with a blank in its path: build in the tree, with "make" in it)
endif
ifneq ($(realpath $(dir $(MAKEFILE_LIST))),$(realpath .))
SRCROOT := $(realpath $(dir $(MAKEFILE_LIST)))
endif
endif

# The control file is the one source of the version.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(SRCROOT)/$(EXTENSION).control)

OWN_GOALS = run env stop check test installcheck check-faults check-sdk check-deb check-debian deb fuzz bench bench-quick \
	lint format format-check help

ifneq ($(filter $(OWN_GOALS),$(MAKECMDGOALS)),)

# Without PGXS: each goal is a script, and what else was asked for is made by
# a make of its own.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)

run:
	@UI_DIR='$(UI_DIR)' $(SRCROOT)/test/cluster start

env:
	@$(SRCROOT)/test/cluster env

stop:
	@$(SRCROOT)/test/cluster stop

check test:
	@SUITE='$(SUITE)' TESTS='$(TESTS)' $(SRCROOT)/test/run-suites

installcheck:
	@$(SRCROOT)/test/installcheck $(TESTS)

deb:
	@$(SRCROOT)/packaging/deb

check-deb:
	@$(SRCROOT)/test/check-deb

check-debian:
	@SUITE='$(SUITE)' TESTS='$(TESTS)' $(SRCROOT)/test/in-debian '$(or $(DEBIAN),trixie)' make check

check-sdk:
	@SUITE=perl TESTS='$(or $(TESTS),sdk sdk_versions services dispatch dispatch_gateways push_sdk registration_sdk)' \
	  SDK_MODES='$(or $(SDK_MODES),h2 h2half h1 h1half h2suspend)' \
	  SDK_VERSIONS='$(or $(SDK_VERSIONS),sdk-1.7 sdk-1.9 sdk-1.10 sdk-1.12 sdk-1.14 sdk-1.16)' $(SRCROOT)/test/run-suites

check-faults:
	@PARTS='$(PARTS)' $(SRCROOT)/test/run-faults

fuzz:
	@SECONDS_EACH='$(SECONDS_EACH)' $(SRCROOT)/test/run-fuzz

bench:
	@PARTS='$(PARTS)' $(SRCROOT)/bench/run

bench-quick:
	@PARTS='$(PARTS)' $(SRCROOT)/bench/run --quick

lint:
	@$(SRCROOT)/test/lint

format:
	@$(SRCROOT)/test/lint --fix-format

format-check:
	@$(SRCROOT)/test/lint format

help:
	@sed -n 's/^#? \{0,1\}//p' $(SRCROOT)/Makefile

$(filter-out $(OWN_GOALS),$(MAKECMDGOALS)):
	@$(MAKE) --no-print-directory -f $(SRCROOT)/Makefile $@

#? make run           a private PostgreSQL with the extension, the gateway, and a service of
#?                    Restate's SDK that it calls, kills and restarts before your eyes
#?                    (examples/service); left running, and what of it has ended is started
#?                    again; without npm a worker is shown instead.
#?                    UI_DIR=dir has it serve Restate's web UI from a copy of its files (doc/http.md)
#? make env           what makes a shell use them: eval "$(make env)"
#? make stop          end them and remove their files
#? make check         every test, in private servers; the last line is
#?                    "N passed, N failed, N skipped"; make test is the same
#?   SUITE="regress pgtap"   only these of: files unit regress isolation pgtap perl
#?   TESTS="ids iso_purge"   only these test files, in whichever suite has them
#?   UBSAN=1  COVERAGE=1  VALGRIND=1   with the sanitizer; with what was covered printed;
#?                    servers and gateways below valgrind
#?                    what the tests wrote is in tmp_check/ (results/, log/)
#?   SUITE_TIMEOUT=1800      seconds after which a suite is stopped
#? make check-faults  crashes, full disks, upgrades, races and the like
#? make check-sdk     services of Restate's SDK on the gateway and on Restate's own server, side by side,
#?                    in each way to serve them; make check does the commonest two
#? make check-debian  make check in a bare Debian of its own, as root; DEBIAN=trixie, which has
#?                    PostgreSQL 17, if not said otherwise; forky has 18
#? make fuzz          the fuzzers, SECONDS_EACH=600 each, or RUNS_EACH=20000
#? make bench         every benchmark, on private servers; bench-quick takes two minutes
#?   PARTS="calls http"      only these parts of the benchmarks, or of check-faults
#? make lint          warnings of gcc and clang, clang-tidy, cppcheck, the analyzer, format
#? make format        lay out the C sources; format-check only looks
#?
#? make deb           Debian's packages of the extension and of the gateway, in deb/
#? make check-deb     the same, and installs and removes them in a Debian of their own
#?
#? make, make install, make uninstall, make clean    as for any extension (PGXS)
#? make installcheck  what is installed, in the server that libpq finds
#?   STRICT=1         warnings are errors
#?   WITH_HTTP=no     without the gateway and the libraries it needs
#?   UBSAN=1  COVERAGE=1     instrumented builds
#?
#? PG_CONFIG=/path/to/pg_config chooses the PostgreSQL, 15 to 19, for all of them.

else

# Builds out of tree: make -f /path/to/Makefile in an empty directory.
ifneq ($(SRCROOT),.)
VPATH := $(SRCROOT)
$(shell mkdir -p src/types src/store src/machine src/workset src/admin src/worker src/functions)
endif
rel = $(patsubst $(SRCROOT)/%,%,$(sort $(wildcard $(addprefix $(SRCROOT)/,$(1)))))

INSTALL_SCRIPT_SQL = $(EXTENSION)--$(EXTVERSION).sql
SQL_MODULES        = $(sort $(wildcard $(SRCROOT)/sql/[0-9]*_*.sql))

OBJS       = $(patsubst %.c,%.o,$(filter-out src/gateway/%,$(call rel,src/*/*.c)))
DATA_built = $(INSTALL_SCRIPT_SQL)
# frozen releases and the steps between them
DATA       = $(filter-out sql/released/$(INSTALL_SCRIPT_SQL),$(call rel,sql/released/*--*.sql))
# our own symbols are ours, whatever another library calls its own
SHLIB_LINK += -lxxhash -Wl,-Bsymbolic
PG_CPPFLAGS += -I$(SRCROOT)/src -DRESTATE_ADMIN_VERSION='"$(EXTVERSION)"'

EXTRA_CLEAN = $(EXTENSION)--*.sql restate-gateway src/gateway/*.o src/gateway/*/*.o src/gateway/openapi.h src/gateway/console_files.h src/gateway/*.gc* src/gateway/*/*.gc* src/*/*.gc* results output_iso tmp_check regression.diffs regression.out deb .run/build-id

ifdef STRICT
# the server's headers leave parameters unused
PG_CFLAGS += -Wall -Wextra -Werror -Wno-unused-parameter
endif
ifdef UBSAN
PG_CFLAGS  += -fsanitize=undefined -fno-sanitize-recover=undefined
SHLIB_LINK += -fsanitize=undefined
endif
ifdef COVERAGE
PG_CFLAGS  += -O0 --coverage
SHLIB_LINK += --coverage
endif

# What is missing for the build is named at once.  To clean up takes less.
WITH_HTTP ?= yes
needs = $(shell CC='$(if $(filter default,$(origin CC)),,$(CC))' PG_CONFIG='$(PG_CONFIG)' \
	$(SRCROOT)/packaging/needs $(1) extension $(if $(filter yes,$(WITH_HTTP)),gateway))
ifndef PG_CONFIG
PG_CONFIG := $(call needs,find)
endif
PGXS := $(shell $(or $(PG_CONFIG),pg_config) --pgxs 2>/dev/null)
ifneq ($(filter-out clean distclean maintainer-clean uninstall,$(or $(MAKECMDGOALS),all))$(if $(wildcard $(PGXS)),,no),)
MISSING := $(call needs,say)
ifneq ($(MISSING),)
$(error $(MISSING); "make run" and "make check" install what they need$(if $(filter yes,$(WITH_HTTP)),; WITH_HTTP=no leaves the gateway out))
endif
ifneq ($(shell test -w . && { test ! -e .run || test -w .run; } && echo yes),yes)
$(error $(CURDIR) cannot be written, or was built by another user: make -f $(CURDIR)/Makefile builds in another directory)
endif
endif
include $(PGXS)

# The gateway is a program of its own, built with the server's compiler flags
# but none of its headers beyond libpq's.  WITH_HTTP=no leaves it out.
ifeq ($(WITH_HTTP),yes)
HTTP_PROGRAM = restate-gateway
# its name up to 0.2.0, which still starts it
FORMER_PROGRAM = restate-admin-http
GATEWAY_OBJS    = $(patsubst %.c,%.o,$(call rel,src/gateway/*.c src/gateway/*/*.c)) src/types/frame.o src/types/protobuf.o src/types/id_codec.o src/types/is_utf8.o
HTTP_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
	-DRESTATE_ADMIN_VERSION='"$(EXTVERSION)"' -I$(shell $(PG_CONFIG) --includedir) -Isrc/gateway -I$(SRCROOT)/src/gateway -I$(SRCROOT)/src
ifdef STRICT
HTTP_CFLAGS += -Wall -Wextra -Werror
endif
ifdef ASAN
HTTP_CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE
HTTP_LDFLAGS += -fsanitize=address,undefined
endif
ifdef UBSAN
HTTP_CFLAGS += -fsanitize=undefined -fno-sanitize-recover=undefined
HTTP_LDFLAGS += -fsanitize=undefined
endif
ifdef COVERAGE
HTTP_CFLAGS += -O0 --coverage
HTTP_LDFLAGS += --coverage
endif

all: $(HTTP_PROGRAM)

$(shell mkdir -p $(sort $(dir $(GATEWAY_OBJS))))
$(HTTP_PROGRAM): $(GATEWAY_OBJS)
	$(CC) $(HTTP_LDFLAGS) -pthread -o $@ $^ -L$(shell $(PG_CONFIG) --libdir) -lmicrohttpd -lnghttp2 -lssl -lcrypto -lpq -ljansson

src/gateway/%.o: src/gateway/%.c
	$(CC) $(HTTP_CFLAGS) -pthread -c -o $@ $<

src/gateway/reads.o: src/gateway/openapi.h

# the document as bytes
src/gateway/openapi.h: src/gateway/openapi.json
	mkdir -p src/gateway
	{ echo 'static const unsigned char openapi_json[] = {'; \
	  od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '};'; echo 'static const unsigned long openapi_json_len = sizeof(openapi_json);'; } >$@.tmp && mv $@.tmp $@

src/gateway/console.o: src/gateway/console_files.h

# the files of the console, likewise; the directory, since one may have gone
CONSOLE_FILES = $(call rel,src/gateway/console/*)
src/gateway/console_files.h: $(CONSOLE_FILES) $(SRCROOT)/src/gateway/console $(SRCROOT)/packaging/embed
	mkdir -p src/gateway
	$(SRCROOT)/packaging/embed $(addprefix $(SRCROOT)/,$(CONSOLE_FILES)) >$@.tmp && mv $@.tmp $@

# no program of console.o, which make would make of it
$(SRCROOT)/src/gateway/console: ;

$(filter src/gateway/%,$(GATEWAY_OBJS)): $(filter-out %/openapi.h %/console_files.h,$(wildcard $(SRCROOT)/src/gateway/*.h $(SRCROOT)/src/gateway/*/*.h)) $(SRCROOT)/Makefile .run/build-id

# Where systemd looks, if the server is not below a prefix of its own: set
# prefix=/usr then.
prefix     ?= $(patsubst %/bin,%,$(patsubst /usr/lib/postgresql/%,/usr,$(bindir)))
systemddir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d

install: install-http
.PHONY: install-http
install-http: $(HTTP_PROGRAM)
	$(MKDIR_P) '$(DESTDIR)$(bindir)' '$(DESTDIR)$(systemddir)' '$(DESTDIR)$(sysusersdir)'
	$(INSTALL_PROGRAM) $(HTTP_PROGRAM) '$(DESTDIR)$(bindir)/'
	ln -sf $(HTTP_PROGRAM) '$(DESTDIR)$(bindir)/$(FORMER_PROGRAM)'
	sed 's|@bindir@|$(bindir)|' $(SRCROOT)/packaging/$(HTTP_PROGRAM).service.in >'$(DESTDIR)$(systemddir)/$(HTTP_PROGRAM).service'
	$(INSTALL_DATA) $(SRCROOT)/packaging/$(HTTP_PROGRAM).sysusers.conf '$(DESTDIR)$(sysusersdir)/$(HTTP_PROGRAM).conf'

uninstall: uninstall-http
.PHONY: uninstall-http
uninstall-http:
	rm -f '$(DESTDIR)$(bindir)/$(HTTP_PROGRAM)' '$(DESTDIR)$(bindir)/$(FORMER_PROGRAM)' '$(DESTDIR)$(systemddir)/$(HTTP_PROGRAM).service' \
	  '$(DESTDIR)$(sysusersdir)/$(HTTP_PROGRAM).conf'
endif

# A server built with gcc hands its options and attributes to clang as well.
ifneq ($(findstring clang,$(CC)),)
override CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes
endif

$(INSTALL_SCRIPT_SQL): $(SQL_MODULES) $(SRCROOT)/sql $(SRCROOT)/Makefile
	cat $(SQL_MODULES) >$@.tmp && mv $@.tmp $@

# PGXS tracks neither headers, nor flags, nor a change of server: each of them
# rebuilds everything.
BUILD_ID := $(VERSION) $(CC) $(EXTVERSION) STRICT=$(STRICT) ASAN=$(ASAN) UBSAN=$(UBSAN) COVERAGE=$(COVERAGE)
$(shell mkdir -p .run; echo '$(BUILD_ID)' | cmp -s - .run/build-id || echo '$(BUILD_ID)' >.run/build-id)
$(OBJS): $(filter-out $(SRCROOT)/src/gateway/%,$(wildcard $(SRCROOT)/src/*/*.h)) $(SRCROOT)/Makefile .run/build-id

endif
