# make demo | make test: set up what is missing (apt packages, .venv), build, run. A second run sets nothing up.
# make build, golden, bench, asan, lint, wheel, clean: see below.

PY      := .venv/bin/python
SETUP   := .venv/.ready
SOURCES := $(shell find src pyext -name '*.[ch]' -o -name '*.def')
BUILT   := build/.built
CC      ?= gcc
JOBS    := $(shell nproc 2>/dev/null || echo 2)
PYTEST  ?=

.PHONY: help demo test test-c fuzz build golden bench asan lint wheel clean

help:
	@sed -n '1,2p' Makefile

demo: $(BUILT)
	@echo "gridjit: running examples/demo.py"
	@$(PY) examples/demo.py

# The C tests first: they say more when the ground floor is broken. Both always run; pytest has the last line. Its files are shared
# out among processes, one for each core, in the order of tests/conftest.py: the longest first.
test: $(BUILT)
	@status=0; $(MAKE) --no-print-directory test-c || status=1; \
		$(MAKE) --no-print-directory fuzz || status=1; \
		echo "gridjit: the tests in Python, $(JOBS) processes: minutes"; \
		$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST) || status=1; \
		[ $$status = 0 ] || echo "make test: failures above" >&2; exit $$status

test-c: $(SETUP)
	@echo "gridjit: the tests in C: compiling and running them"
	@$(MAKE) --no-print-directory -j $(JOBS) -C tests/c BUILD=$(CURDIR)/build/c all
	@$(MAKE) --no-print-directory -j $(JOBS) -C tests/c BUILD=$(CURDIR)/build/c check

# Random and damaged input (tests/fuzz/fuzz.py). The seed is fixed: other ones by hand, make fuzz SECONDS=3600 SEED=7.
fuzz: $(BUILT)
	@echo "gridjit: random and damaged programs for $(or $(SECONDS),60) seconds"
	@$(PY) tests/fuzz/fuzz.py --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)

build: $(BUILT)

$(SETUP): .ci/bootstrap pyproject.toml
	@.ci/bootstrap
	@touch $@

# Built in place, and installed editable once; after that only the extension is rebuilt (setup.py keeps the objects).
$(BUILT): $(SETUP) setup.py $(SOURCES)
	@mkdir -p build
	@$(PY) setup.py --quiet build_ext --inplace -j $(JOBS)
	@[ -e .venv/.installed ] || echo "gridjit: installing it into .venv"
	@[ -e .venv/.installed ] || $(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch .venv/.installed $@

# Rewrites the expected outputs under tests/golden; read the diff.
golden: $(BUILT)
	@$(PY) -m pytest -q tests/test_bytecode.py tests/test_golden.py tests/test_names.py --update-golden

bench: $(BUILT)
	@$(PY) bench/bench.py

# The whole Python suite on an extension with AddressSanitizer and UBSan, and the C tests likewise. A finding ends the
# process; ASan's are read from a file, UBSan's go to stderr beside ASan whatever its options say, so pytest leaves that
# alone. Python itself leaks by design: leaks are the C tests' business.
asan: $(SETUP)
	@$(MAKE) --no-print-directory -j $(JOBS) -C tests/c BUILD=$(CURDIR)/build/c check-asan
	@GRIDJIT_SANITIZE=address,undefined $(PY) setup.py --quiet build_ext -j $(JOBS) --build-lib build/asan
	@tar c --exclude='*.so' --exclude=__pycache__ -C python gridjit | tar x -C build/asan && rm -f build/asan/report.*
	@cd build/asan && LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:allocator_may_return_null=1:log_path=report \
		UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc PYTHONPATH=. GRIDJIT_TEST_ASAN=1 \
		$(CURDIR)/$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder --capture=sys -p no:cacheprovider --rootdir=$(CURDIR) \
		$(CURDIR)/tests $(PYTEST) || \
		{ cat report.* 2>/dev/null; exit 1; }

lint: $(SETUP)
	@$(PY) -m pytest -q tests/test_layout.py
	@$(PY) -m compileall -q python tests examples bench/bench.py setup.py
	@for file in $(filter src/%.c,$(SOURCES)); do \
		$(CC) -std=c11 -DGJ_VERSION='"lint"' -DGJ_BUILD='""' -Wall -Wextra -Werror -fsyntax-only -Isrc \
			-isystem "$$($${LLVM_CONFIG:-$$(ls /usr/bin/llvm-config-* | sort -V | tail -1)} --includedir)" $$file || exit 1; \
	done

wheel: $(SETUP)
	@$(PY) -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps -w dist .
	@ls -lh dist/*.whl

clean:
	rm -rf build dist python/*.egg-info python/gridjit/*.so
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	rm -f .venv/.installed
