package org.sluice.bench.structure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;

import org.junit.jupiter.api.Test;

/**
 * The house: packages stand on floors, and a class uses classes of its own package and of floors further down only. So
 * no package is part of a circle, and one can read the code from the ground up. {@link #FLOORS} is the plan; whoever
 * adds a package gives it a place there.
 */
class PackagesTest {
    /** From the ground up. Packages of one floor do not know each other. */
    private static final List<Set<String>> FLOORS = List.of(
        // datapath: knows nothing of Linux
        Set.of("datapath.protocol"),
        Set.of("datapath.buffer"),
        Set.of("datapath.conntrack", "datapath.device", "datapath.status"),
        Set.of("datapath.bridge"),
        Set.of("datapath.policy", "datapath.route", "datapath.trace"),
        Set.of("datapath.nat", "datapath.tunnel"),
        Set.of("datapath.command", "datapath.pipeline"),
        Set.of("datapath.worker"),
        // native-tap
        Set.of("linux.sys"),
        Set.of("linux.netlink", "linux.socket"),
        Set.of("linux.bpf"),
        Set.of("linux.device"),
        Set.of("linux.testbed"),
        // control
        Set.of("control.base"),
        Set.of("control.http", "control.model"),
        Set.of("control.engine", "control.host", "control.proxy"),
        Set.of("control.ipam"),
        Set.of("control.overlay"),
        Set.of("control.uplink"),
        Set.of("control.network"),
        Set.of("control.docker", "control.observe"),
        Set.of("control.api"),
        Set.of("control"),
        Set.of("control.cli"),
        Set.of("control.manual"),
        Set.of("testbed"),
        // bench
        Set.of("bench"),
        Set.of("bench.compare", "bench.suite"));

    private static final String ROOT = "org.sluice.";

    /** What is shipped, and the testbed; neither tests nor what JMH generates. */
    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(location -> !location.contains("/test-classes/") || location.contains("/testbed/"))
        .withImportOption(location -> !location.contains("/jmh_generated/"))
        .importPackages("org.sluice");

    @Test
    void shouldHaveNoCircle() {
        SlicesRuleDefinition.slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void shouldUseLowerFloorsOnly() {
        final List<String> wrong = CLASSES.stream()
            .flatMap(user -> user.getDirectDependenciesFromSelf().stream())
            .filter(dependency -> dependency.getTargetClass().getPackageName().startsWith(ROOT))
            .filter(dependency -> !isDown(dependency.getOriginClass(), dependency.getTargetClass()))
            .map(Dependency::getDescription)
            .toList();

        assertEquals(List.of(), wrong);
    }

    @Test
    void shouldGiveEveryPackageOneFloor() {
        final Set<String> planned = FLOORS.stream().flatMap(Set::stream)
            .collect(Collectors.toCollection(TreeSet::new));
        final Set<String> built = CLASSES.stream().map(PackagesTest::packageOf)
            .collect(Collectors.toCollection(TreeSet::new));

        assertEquals(planned, built);
    }

    private static boolean isDown(final JavaClass user, final JavaClass used) {
        return packageOf(user).equals(packageOf(used)) || floorOf(used) < floorOf(user);
    }

    private static int floorOf(final JavaClass type) {
        for (int floor = 0; floor < FLOORS.size(); floor++) {
            if (FLOORS.get(floor).contains(packageOf(type))) {
                return floor;
            }
        }
        throw new IllegalStateException(packageOf(type) + " stands on no floor; give it one in FLOORS");
    }

    private static String packageOf(final JavaClass type) {
        return type.getPackageName().substring(ROOT.length());
    }
}
