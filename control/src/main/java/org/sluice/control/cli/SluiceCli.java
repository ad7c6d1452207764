package org.sluice.control.cli;

import java.util.LinkedHashMap;
import java.util.Map;

import org.sluice.control.api.Version;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The {@code sluice} command: the daemon and everything that talks to it. */
@Command(name = "sluice", description = "A software switch for containers.", synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true, versionProvider = SluiceCli.VersionText.class)
public final class SluiceCli implements Runnable {
    private static final int USAGE_STATUS = 2;
    private static final Map<String, Class<?>> COMMANDS = commands();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** What {@code --version} prints. */
    static final class VersionText implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"sluice " + Version.TEXT};
        }
    }

    public static void main(final String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(final String... arguments) {
        final CommandLine cli = new CommandLine(new SluiceCli());
        addCommands(cli, arguments.length == 0 ? "" : arguments[0]);
        cli.setCaseInsensitiveEnumValuesAllowed(true);
        for (final CommandLine noun : cli.getSubcommands().values()) {
            for (final CommandLine verb : noun.getSubcommands().values()) {
                verb.getCommandSpec().mixinStandardHelpOptions(true);
            }
            noun.getCommandSpec().mixinStandardHelpOptions(true);
        }
        cli.setParameterExceptionHandler((ex, ignored) -> {
            printError(ex.getMessage() + "; see: " + ex.getCommandLine().getCommandSpec().qualifiedName() + " --help");
            return USAGE_STATUS;
        });
        cli.setExecutionExceptionHandler((ex, command, result) -> {
            printError(ex.getMessage() == null ? ex.toString() : ex.getMessage());
            return 1;
        });
        return cli.execute(arguments);
    }

    /** Reading annotations takes time, so only the command that was named is read, or else all, for the help. */
    private static void addCommands(final CommandLine cli, final String named) {
        COMMANDS.forEach((name, command) -> {
            if (name.equals(named) || !COMMANDS.containsKey(named)) {
                cli.addSubcommand(name, new CommandLine(command));
            }
        });
    }

    private static Map<String, Class<?>> commands() {
        final Map<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("daemon", DaemonCommand.class);
        commands.put("network", NetworkCommand.class);
        commands.put("endpoint", EndpointCommand.class);
        commands.put("port", PortCommand.class);
        commands.put("vtep", VtepCommand.class);
        commands.put("fdb", FdbCommand.class);
        commands.put("conntrack", ConntrackCommand.class);
        commands.put("route", RouteCommand.class);
        commands.put("neighbour", NeighbourCommand.class);
        commands.put("trace", TraceCommand.class);
        commands.put("capture", CaptureCommand.class);
        commands.put("status", StatusCommand.class);
        commands.put("prune", PruneCommand.class);
        return commands;
    }

    /** One line on standard error. */
    static void printError(final String message) {
        System.err.println("sluice: " + message.replace('\n', ' '));
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
    }
}
