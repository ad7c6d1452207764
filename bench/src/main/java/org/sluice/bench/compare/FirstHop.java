package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a frame to an address goes first, as the kernel of that place would send it.
 *
 * @param link   interface that it leaves by.
 * @param ownMac of that interface.
 * @param source address that it comes from.
 * @param mac    of who takes it.
 */
record FirstHop(String link, String ownMac, String source, String mac) {
    private static final int PATIENCE_SECONDS = 10;

    static FirstHop of(final Place place, final String target) {
        // So that the neighbour is known; who answers does not matter.
        Program.run(place, PATIENCE_SECONDS, "sh", "-c", "ping -c 1 -W 1 " + target + " || true");
        final String route = ip(place, "-o", "route", "get", target);
        final String link = Program.after(route, "dev");
        final String next = route.contains(" via ") ? Program.after(route, "via") : target;
        final String own = ip(place, "-o", "link", "show", "dev", link);
        return new FirstHop(link, Program.after(own, "link/ether"), Program.after(route, "src"),
            Program.after(ip(place, "neigh", "show", "to", next, "dev", link), "lladdr"));
    }

    private static String ip(final Place place, final String... arguments) {
        final List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        return Program.run(place, PATIENCE_SECONDS, command.toArray(String[]::new));
    }
}
