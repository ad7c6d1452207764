# Sluice: what a newcomer types. See README.md.
PREFIX ?= /usr/local
MVN ?= mvn -B -q
# The project's tools; make is their front door.
SCRIPTS := bench/src/main/scripts

.PHONY: help build docs demo check unit it test bench compare attack bench-check install uninstall clean

help:
	@echo "make demo         show two namespaces that talk through the switch; builds first (needs root)"
	@echo "make build        build into control/target/dist; run the result as ./sluice"
	@echo "make docs         write docs/cli.md again, after a change of the command line"
	@echo "make check        compile, check the style, and check the structure of the packages"
	@echo "make unit         run the unit tests that need no root"
	@echo "make it T=NAME    run one test class: T=RoutingIT, T='Overlay*IT', T=TapDeviceTest (needs root)"
	@echo "                  KEEP=1 keeps the namespaces of a test that fails"
	@echo "make test         install what the tests need, and run all tests (needs root)"
	@echo "make bench        run the JMH benchmarks, and write to perf-results/"
	@echo "make compare      compare with docker0, a bare bridge, Open vSwitch and the kernel's VXLAN (needs root)"
	@echo "make attack       measure what a hostile container costs the others, beside the kernel's bridge (needs root)"
	@echo "make bench-check  run both in less time, and fail if something got slower (needs root)"
	@echo "make install      install below PREFIX, which is $(PREFIX)"
	@echo "make uninstall    remove what make install has installed"
	@echo "make clean        remove what has been built"

build:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) package -DskipTests

docs: build
	cp control/target/dist/manual/cli.md docs/cli.md

demo:
	@$(SCRIPTS)/ensure-tools build demo
	$(MVN) package -DskipTests
	@$(SCRIPTS)/demo

# The package bench.structure holds the tests of the house itself.
check:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) test -Dtest='org/sluice/bench/structure/*Test' -Dsurefire.failIfNoSpecifiedTests=false

# The tests that need root are left out for root too, so that everybody gets the same result.
unit:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) test -DexcludedGroups=root -Dsluice.simulation.seconds=5
	@echo "The unit tests passed. The tests that need root were left out; run them by: make test"

it:
	@[ -n "$(T)" ] || { echo "name a test: make it T=RoutingIT, T='RoutingIT#should*', T='Overlay*IT' or T=TapDeviceTest"; \
		exit 2; }
	@$(SCRIPTS)/run-test '$(T)' $(if $(KEEP),-Dsluice.keep=true)

test:
	@$(SCRIPTS)/ensure-tools build test docker ovs
	mvn -B verify

# SUITE, COMPARE and ATTACK take options: make bench SUITE=--full; make compare COMPARE='--systems docker0,busy --rounds 5'.
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

attack:
	@$(SCRIPTS)/ensure-tools build bench compare
	$(MVN) package -DskipTests
	@SLUICE_BENCH_COMMAND="make attack$(if $(ATTACK), ATTACK='$(ATTACK)')" \
		$(SCRIPTS)/run-bench org.sluice.bench.compare.AttackCommand $(ATTACK)

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
