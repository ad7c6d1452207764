package org.sluice.bench.compare;

import java.util.List;

/**
 * Where a frame to an address goes first, as the kernel of that place would send it.
 *
 * @param link   interface that it leaves by.
 * @param ownMac of that interface.
 * @param source address that it comes from.
 * @param mac    of who takes it.
 */
record Neighbour(String link, String ownMac, String source, String mac) {
    private static final int PATIENCE_SECONDS = 10;

    static Neighbour of(final Place place, final String target) {
        // So that the neighbour is known; who answers does not matter.
        Program.run(place, PATIENCE_SECONDS, "sh", "-c", "ping -c 1 -W 1 " + target + " || true");
        final List<String> route = words(place, "ip", "-o", "route", "get", target);
        final String link = after(route, "dev");
        final String next = route.contains("via") ? after(route, "via") : target;
        return new Neighbour(link, after(words(place, "ip", "-o", "link", "show", "dev", link), "link/ether"),
            after(route, "src"), after(words(place, "ip", "neigh", "show", "to", next, "dev", link), "lladdr"));
    }

    private static List<String> words(final Place place, final String... command) {
        return List.of(Program.run(place, PATIENCE_SECONDS, command).strip().split("\\s+"));
    }

    private static String after(final List<String> words, final String word) {
        final int at = words.indexOf(word);
        if (at < 0 || at + 1 == words.size()) {
            throw new MeasurementException("no \"" + word + "\" in: " + String.join(" ", words));
        }
        return words.get(at + 1);
    }
}
