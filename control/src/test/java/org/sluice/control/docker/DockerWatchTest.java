package org.sluice.control.docker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;

import org.sluice.control.model.DesiredState;
import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PoolSpec;
import org.sluice.control.model.SubnetSpec;

/** Which of Docker's things count as forgotten, and when. The clock is advanced by hand. */
class DockerWatchTest {
    private static final String NETWORK_ID = "0123456789abcdef";
    private static final String ENDPOINT_ID = "fedcba9876543210";
    private static final String POOL_ID = "local/10.9.0.0/24";
    private static final IpPrefix SUBNET = IpPrefix.parse("10.9.0.0/24");
    private static final InetAddress GATEWAY = IpPrefix.parseAddress("10.9.0.1");
    private static final InetAddress LEASE = IpPrefix.parseAddress("10.9.0.2");
    private static final DockerInventory NOTHING = new DockerInventory(Map.of(), Map.of(), Set.of(), Set.of());

    private static final NetworkSpec NETWORK = new NetworkSpec(DockerId.nameOf("NetworkID", NETWORK_ID),
        List.of(new SubnetSpec(SUBNET, GATEWAY, SUBNET)), 1500, false, true, true, true, "sl-web", "02:42:0a:09:00:01",
        0, new DockerNetwork(NETWORK_ID, null, null), null);
    private static final EndpointSpec ENDPOINT = new EndpointSpec(DockerId.nameOf("EndpointID", ENDPOINT_ID),
        NETWORK.name(), null, 0, "sl-x", "02:42:0a:09:00:02", List.of(LEASE), 7, ENDPOINT_ID);
    private static final PoolSpec POOL = new PoolSpec(POOL_ID, SUBNET, SUBNET, 1, List.of(GATEWAY, LEASE),
        List.of(GATEWAY));

    private final CachedNanoClock clock = new CachedNanoClock();
    private final DesiredState state = new DesiredState();
    private final FakeDocker docker = new FakeDocker();

    /** Answers what the test says. */
    private static final class FakeDocker extends DockerClient {
        private DockerInventory inventory = NOTHING;
        private int asked;

        private FakeDocker() {
            super(Path.of("/nowhere/docker.sock"));
        }

        @Override
        DockerInventory inventory() throws IOException {
            asked++;
            if (inventory == null) {
                throw new IOException("not there");
            }
            return inventory;
        }
    }

    private DockerWatch watch() {
        return new DockerWatch(docker, state, Runnable::run, clock);
    }

    @Test
    void shouldGiveDockerTenSecondsToListANetwork() {
        state.put(NETWORK);
        final DockerWatch watch = watch();
        watch.touch(NETWORK.name());
        watch.refresh().join();
        assertEquals(List.of(), watch.forgotten().networks());

        clock.advance(TimeUnit.SECONDS.toNanos(10));
        assertEquals(List.of(), watch.forgotten().networks());

        clock.advance(1);
        assertEquals(List.of(NETWORK), watch.forgotten().networks());
    }

    @Test
    void shouldBeginAnewWithEachCallOfDockers() {
        state.put(NETWORK);
        final DockerWatch watch = watch();
        watch.touch(NETWORK.name());
        watch.refresh().join();

        clock.advance(TimeUnit.SECONDS.toNanos(9));
        watch.touch(NETWORK.name());
        clock.advance(TimeUnit.SECONDS.toNanos(9));

        assertEquals(List.of(), watch.forgotten().networks());
    }

    @Test
    void shouldGiveDockerTwoMinutesToListAnEndpoint() {
        state.put(NETWORK);
        state.put(ENDPOINT);
        final DockerWatch watch = watch();
        watch.touch(ENDPOINT.name());
        watch.refresh().join();

        clock.advance(TimeUnit.MINUTES.toNanos(2));
        assertEquals(List.of(), watch.forgotten().endpoints());

        clock.advance(1);
        assertEquals(List.of(ENDPOINT), watch.forgotten().endpoints());
    }

    @Test
    void shouldGiveDockerTenSecondsToListAnAddress() {
        docker.inventory = new DockerInventory(Map.of(), Map.of(), Set.of(SUBNET), Set.of());
        state.put(POOL);
        final DockerWatch watch = watch();
        watch.touch(POOL_ID);
        watch.refresh().join();

        clock.advance(TimeUnit.SECONDS.toNanos(10));
        assertEquals(List.of(), watch.forgotten().leases());

        clock.advance(1);
        assertEquals(List.of(new Forgotten.Lease(POOL_ID, LEASE)), watch.forgotten().leases());
        assertEquals(List.of(), watch.forgotten().pools());
    }

    @Test
    void shouldReportAtOnceWhatDockerHasNotCalledFor() {
        state.put(NETWORK);
        state.put(POOL);
        final DockerWatch watch = watch();

        watch.refresh().join();

        assertEquals(List.of(NETWORK), watch.forgotten().networks());
        assertEquals(List.of(POOL), watch.forgotten().pools());
    }

    @Test
    void shouldNotReportWhatDockerLists() {
        docker.inventory = new DockerInventory(Map.of(NETWORK_ID, "web"), Map.of(ENDPOINT_ID, "web-1"),
            Set.of(SUBNET), Set.of(LEASE));
        state.put(NETWORK);
        state.put(ENDPOINT);
        state.put(POOL);
        final DockerWatch watch = watch();

        watch.refresh().join();

        assertEquals(List.of(), watch.forgotten().toSentences());
        assertEquals("web", state.shownName(NETWORK));
        assertEquals("web-1", state.shownName(ENDPOINT));
    }

    @Test
    void shouldReportNothingWhileDockerDoesNotAnswer() {
        docker.inventory = null;
        state.put(NETWORK);
        final DockerWatch watch = watch();

        watch.refresh().join();

        assertFalse(watch.answers());
        assertEquals(List.of(), watch.forgotten().networks());
    }

    @Test
    void shouldAskAgainAfterASecond() {
        state.put(NETWORK);
        final DockerWatch watch = watch();
        watch.refresh().join();

        clock.advance(TimeUnit.SECONDS.toNanos(1) - 1);
        watch.refresh().join();
        assertEquals(1, docker.asked);

        clock.advance(1);
        watch.refresh().join();
        assertEquals(2, docker.asked);
    }

    @Test
    void shouldNotAskWhileThereIsNothingOfDockers() {
        final DockerWatch watch = watch();
        watch.refresh().join();
        assertEquals(0, docker.asked);

        watch.touch(NETWORK.name());
        watch.refresh().join();

        assertTrue(watch.answers());
    }
}
