package org.sluice.control.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import org.sluice.control.api.Version;
import org.sluice.control.base.PlainText;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;

/** The {@code sluice} command: the daemon and every command that talks to it. */
@Command(name = "sluice", description = "A software switch for containers.",
    versionProvider = SluiceCli.VersionText.class, exitCodeListHeading = "Exit status:%n", exitCodeList = {
        "0:The command has done what it says.", "1:The command failed; standard error says why.",
        "2:The command line is wrong."},
    footer = {"", "To read about one command: sluice help COMMAND"})
public final class SluiceCli {
    /** Exit status when the command line is wrong. */
    static final int USAGE_STATUS = 2;
    private static final String HELP = "help";
    private static final Map<String, Class<?>> COMMANDS = commands();
    /** Spellings that users of iproute2, or of American English, type. */
    private static final Map<String, String> ALIASES = Map.of("neigh", "neighbour", "neighbor", "neighbour");

    @SuppressWarnings("UnusedVariable") // The annotation is what picocli wants.
    @Option(names = {"-V", "--version"}, versionHelp = true, description = "Print the version and exit.")
    private boolean version;

    /** Prints the same for {@code sluice --version} and {@code sluice version}. */
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
        final String first = word(arguments, 0);
        final CommandLine cli = commandLine(HELP.equals(first) ? word(arguments, 1) : first);
        return cli.execute(helpFirst(cli, arguments));
    }

    /** The whole command line, every command read: what the manual and the completions are made from. */
    public static CommandLine commandLine() {
        return commandLine("");
    }

    /** Reading annotations takes time, so this reads the named command only; or all, when there is no such command. */
    private static CommandLine commandLine(final String named) {
        final CommandLine cli = new CommandLine(new SluiceCli());
        final String only = ALIASES.getOrDefault(named, named);
        COMMANDS.forEach((name, command) -> {
            if (name.equals(only) || !COMMANDS.containsKey(only)) {
                cli.addSubcommand(name, new CommandLine(command), aliasesOf(name));
            }
        });
        cli.addSubcommand(HELP, new CommandLine(new HelpCommand()));
        addHelpOption(cli);
        cli.setCaseInsensitiveEnumValuesAllowed(true);
        cli.setParameterExceptionHandler((ex, ignored) -> {
            printError(UsageError.explain(ex));
            return USAGE_STATUS;
        });
        cli.setExecutionExceptionHandler((ex, command, result) -> {
            printError(ex.getMessage() == null ? ex.toString() : ex.getMessage());
            return 1;
        });
        cli.setExecutionStrategy(SluiceCli::execute);
        return cli;
    }

    private static String[] aliasesOf(final String name) {
        return ALIASES.entrySet().stream().filter(alias -> alias.getValue().equals(name)).map(Map.Entry::getKey)
            .sorted().toArray(String[]::new);
    }

    private static void addHelpOption(final CommandLine command) {
        command.getCommandSpec().addOption(OptionSpec.builder("-h", "--help").usageHelp(true)
            .description("Show this help and exit.").build()).usageMessage().synopsisSubcommandLabel("COMMAND");
        Set.copyOf(command.getSubcommands().values()).forEach(SluiceCli::addHelpOption);
    }

    /** {@code network help create} becomes {@code help network create}. */
    private static String[] helpFirst(final CommandLine cli, final String... arguments) {
        final CommandLine noun = cli.getSubcommands().get(word(arguments, 0));
        if (noun == null || noun.getSubcommands().isEmpty() || !HELP.equals(word(arguments, 1))) {
            return arguments;
        }
        final String[] turned = arguments.clone();
        turned[0] = arguments[1];
        turned[1] = arguments[0];
        return turned;
    }

    /** Runs the command that was named last; a noun without a verb shows its help, as an error. */
    private static int execute(final ParseResult parsed) {
        final Integer helped = CommandLine.executeHelpRequest(parsed);
        if (helped != null) {
            return helped;
        }
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        if (last.commandSpec().subcommands().isEmpty()) {
            return new RunLast().execute(parsed);
        }
        final CommandLine noun = last.commandSpec().commandLine();
        noun.usage(noun.getErr());
        return USAGE_STATUS;
    }

    private static String word(final String[] arguments, final int index) {
        return index < arguments.length ? arguments[index] : "";
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
        commands.put("version", VersionCommand.class);
        return commands;
    }

    /** Prints one line on standard error. */
    static void printError(final String message) {
        System.err.println("sluice: " + PlainText.of(message.replace('\n', ' ')));
    }
}
