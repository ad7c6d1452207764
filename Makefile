# Sluice: what a newcomer types. See README.md.
PREFIX ?= /usr/local
MVN ?= mvn -B -q
SCRIPTS := bench/src/main/scripts

.PHONY: help build docs demo test bench compare bench-check install uninstall clean

help:
	@echo "make demo      set up, build, and show two namespaces that talk through the switch (needs root)"
	@echo "make test      install what the tests need, and run all tests"
	@echo "make build     build into control/target/dist; run it as ./sluice"
	@echo "make docs      write docs/cli.md again, after a change of the command line"
	@echo "make bench     the JMH benchmarks, into perf-results/"
	@echo "make compare   end to end beside docker0, a bare bridge, Open vSwitch and the kernel's VXLAN (needs root)"
	@echo "make bench-check  both again: what got slower than in the results committed last? (needs root)"
	@echo "make install   PREFIX=$(PREFIX)"

build:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) package -DskipTests

docs: build
	cp control/target/dist/manual/cli.md docs/cli.md

demo:
	@$(SCRIPTS)/ensure-tools build demo
	$(MVN) package -DskipTests
	@$(SCRIPTS)/demo

test:
	@$(SCRIPTS)/ensure-tools build test docker ovs
	mvn -B verify

# SUITE and COMPARE take options: make bench SUITE=--full; make compare COMPARE='--systems docker0,busy --rounds 5'.
bench:
	@$(SCRIPTS)/ensure-tools build bench
	$(MVN) package -DskipTests
	@SLUICE_BENCH_COMMAND="make bench$(if $(SUITE), SUITE='$(SUITE)')" \
		$(SCRIPTS)/run-bench org.sluice.bench.suite.SuiteCommand $(SUITE)

compare:
	@$(SCRIPTS)/ensure-tools build bench compare docker ovs
	$(MVN) package -DskipTests
	@SLUICE_BENCH_COMMAND="make compare$(if $(COMPARE), COMPARE='$(COMPARE)')" \
		$(SCRIPTS)/run-bench org.sluice.bench.compare.CompareCommand $(COMPARE)

# Both again, beside the results that were committed last; fails when something got slower.
bench-check:
	@$(SCRIPTS)/ensure-tools build bench compare docker ovs
	$(MVN) package -DskipTests
	@$(SCRIPTS)/bench-check

MAN_PAGE = $(DESTDIR)$(PREFIX)/share/man/man1/sluice.1
BASH_COMPLETION = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluice
ZSH_COMPLETION = $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sluice

# The caches know the jars by their paths and times, so they are recorded anew where the jars now are.
install: build
	rm -rf "$(DESTDIR)$(PREFIX)/lib/sluice"
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/sluice/lib"
	install -m 755 sluice "$(DESTDIR)$(PREFIX)/bin/sluice"
	install -m 644 control/target/dist/lib/*.jar "$(DESTDIR)$(PREFIX)/lib/sluice/lib/"
	install -m 644 control/target/dist/jvm.options "$(DESTDIR)$(PREFIX)/lib/sluice/"
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	sed 's|@PREFIX@|$(PREFIX)|' control/src/main/packaging/sluice.service \
		>"$(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service"
	install -D -m 644 control/target/dist/manual/sluice.1 "$(MAN_PAGE)"
	install -D -m 644 control/target/dist/manual/sluice.bash "$(BASH_COMPLETION)"
	install -D -m 644 control/target/dist/manual/_sluice "$(ZSH_COMPLETION)"
	sh control/target/dist/make-aot-caches "$(DESTDIR)$(PREFIX)/bin/sluice" "$(DESTDIR)$(PREFIX)/lib/sluice"

uninstall:
	rm -rf "$(DESTDIR)$(PREFIX)/bin/sluice" "$(DESTDIR)$(PREFIX)/lib/sluice" \
		"$(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service" \
		"$(MAN_PAGE)" "$(BASH_COMPLETION)" "$(ZSH_COMPLETION)"

clean:
	$(MVN) clean
