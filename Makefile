# Sluice: what a newcomer types. See README.md.
PREFIX ?= /usr/local
MVN ?= mvn -B -q
SCRIPTS := bench/src/main/scripts

.PHONY: help build demo test bench compare compare-docker compare-overlay install uninstall clean

help:
	@echo "make demo      set up, build, and show two namespaces that talk through the switch (needs root)"
	@echo "make test      install what the tests need, and run all tests"
	@echo "make build     build into control/target/dist; run it as ./sluice"
	@echo "make bench     the JMH benchmarks, into perf-results/"
	@echo "make compare   end to end beside a docker-like kernel bridge, into perf-results/ (needs root)"
	@echo "make compare-docker   the same with real dockerds, and how long docker run takes (needs root)"
	@echo "make compare-overlay  an overlay between two hosts, beside the kernel's VXLAN (needs root)"
	@echo "make install   PREFIX=$(PREFIX)"

build:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) package -DskipTests

demo:
	@$(SCRIPTS)/ensure-tools build demo
	$(MVN) package -DskipTests
	@$(SCRIPTS)/demo

test:
	@$(SCRIPTS)/ensure-tools build test docker ovs
	mvn -B verify

bench:
	@$(SCRIPTS)/ensure-tools build
	$(MVN) package -DskipTests
	@$(SCRIPTS)/run-jmh

compare:
	@$(SCRIPTS)/ensure-tools build compare
	$(MVN) package -DskipTests
	@$(SCRIPTS)/compare

compare-docker:
	@$(SCRIPTS)/ensure-tools build compare docker
	$(MVN) package -DskipTests
	@$(SCRIPTS)/compare-docker

compare-overlay:
	@$(SCRIPTS)/ensure-tools build compare
	$(MVN) package -DskipTests
	@$(SCRIPTS)/compare-overlay

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
	sh control/target/dist/make-aot-caches "$(DESTDIR)$(PREFIX)/bin/sluice" "$(DESTDIR)$(PREFIX)/lib/sluice"

uninstall:
	rm -rf "$(DESTDIR)$(PREFIX)/bin/sluice" "$(DESTDIR)$(PREFIX)/lib/sluice" \
		"$(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service"

clean:
	$(MVN) clean
