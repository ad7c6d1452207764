package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.testbed.DockerHost;
import org.sluice.testbed.SluiceHost;

/** Docker's user learns why the driver refuses a network, and nothing changes. One dockerd serves the whole class. */
@RequiresRoot
@Tag("docker")
class DockerBadInputIT {
    private static DockerHost host;

    @BeforeAll
    static void start() {
        host = new DockerHost(null);
        host.engine().docker("network", "create", "-d", host.driver(), "--subnet", "10.77.0.0/16", "full");
    }

    @AfterAll
    static void close() {
        host.close();
    }

    @ParameterizedTest
    @CsvSource({
        "overlaps, --subnet, 10.77.3.0/24",
        "MTU 12 is not, -o, com.docker.network.driver.mtu=12",
        "no option sluice.x, -o, sluice.x=1",
    })
    void shouldRefuseANetwork(final String error, final String option, final String value) {
        final SluiceHost.Result result =
            host.engine().tryDocker("network", "create", "-d", host.driver(), option, value, "wrong");

        assertNotEquals(0, result.status(), result::toString);
        assertContainsAll(result.err(), error);
        assertEquals(1, host.sluice().json("network", "ls").size());
    }
}
