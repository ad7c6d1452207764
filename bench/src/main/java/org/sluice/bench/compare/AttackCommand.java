package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;

import org.sluice.bench.Conditions;
import org.sluice.testbed.BridgeParityHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.ParityHost;
import org.sluice.testbed.SluiceParityHost;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures what one hostile container costs the others, which {@code make attack} runs: the round trips of a network
 * that takes no part, idle and under one attack after the other, with Sluice and with the kernel's bridge and
 * netfilter. Runs on the main thread.
 */
@Command(name = "attack", mixinStandardHelpOptions = true,
    description = "Measures round trips of a quiet network while a container of another network attacks.")
public final class AttackCommand implements Callable<Integer> {
    private static final Map<String, Function<Lan, ParityHost>> SYSTEMS = Map.of(
        "adaptive", lan -> new SluiceParityHost(lan, "auto", "adaptive"),
        "busy", lan -> new SluiceParityHost(lan, "auto", "busy"), "kernel", BridgeParityHost::new);
    private static final String ROW = "%-42s %15s %15s %7s %15s %7s %6s%n";

    @Option(names = "--systems", split = ",", paramLabel = "SYSTEM", defaultValue = "adaptive,kernel",
        description = "adaptive and busy (both Sluice), kernel (bridge and iptables); default ${DEFAULT-VALUE}.")
    private List<String> systems;

    @Option(names = "--attacks", split = ",", paramLabel = "ATTACK", description = "tiny-segments, broadcast-super,"
        + " broadcast-paced, broadcast, unknown-unicast, tcp-connections, udp-connections, fragments, published-port;"
        + " default all.")
    private List<String> attacks;

    @Option(names = "--crowd", defaultValue = "200",
        description = "Containers in the attacker's network: ${DEFAULT-VALUE}.")
    private int crowd;

    @Option(names = "--asked", defaultValue = "1000",
        description = "Round trips of a measurement, a hundred a second: ${DEFAULT-VALUE}.")
    private int asked;

    @Option(names = "--out", paramLabel = "FOLDER",
        description = "Folder for attack.txt; default perf-results/TIME-COMMIT.")
    private Path out;

    public static void main(final String[] arguments) {
        System.exit(new CommandLine(new AttackCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        final List<Attack> wanted = Arrays.stream(Attack.values())
            .filter(attack -> attacks == null || attacks.contains(attack.key())).toList();
        final StringBuilder report = new StringBuilder();
        Conditions.read().forEach((name, value) -> report.append(String.format("%-10s %s%n", name, value)));
        report.append(String.format("%nRound trips in ms, p50 / p99; in brackets p99 to idle. \"Busy core\""
            + " has%nthe attacker send the same to its own loopback.%n"));
        for (final String system : systems) {
            report.append(String.format("%n%s%n", system));
            report.append(String.format(Locale.ROOT, ROW, "attack", "idle", "attacked", "", "busy core", "", "lost"));
            try (AttackBed bed = new AttackBed(SYSTEMS.get(system), crowd, asked, 10)) {
                for (final Attack attack : wanted) {
                    report.append(row(bed, attack));
                    System.out.println(report.substring(report.lastIndexOf("\n", report.length() - 2) + 1).strip());
                }
            }
        }
        final Path folder = out != null ? out : Conditions.resultFolder();
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("attack.txt"), report);
        System.out.println(report);
        System.out.println("wrote " + folder);
        return 0;
    }

    private static String row(final AttackBed bed, final Attack attack) {
        final Delays idle = bed.idle(attack);
        final Delays beside = bed.besideBusyCore(attack);
        final Delays under = bed.under(attack);
        return String.format(Locale.ROOT, ROW, attack.title(), show(idle), show(under), ratio(under, idle),
            show(beside), ratio(beside, idle), under.lost());
    }

    private static String show(final Delays delays) {
        return String.format(Locale.ROOT, "%.3f / %.3f", delays.p50(), delays.p99());
    }

    private static String ratio(final Delays delays, final Delays idle) {
        return String.format(Locale.ROOT, "(%.1f)", delays.p99() / idle.p99());
    }
}
