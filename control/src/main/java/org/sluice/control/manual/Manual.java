package org.sluice.control.manual;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.sluice.control.api.Version;
import org.sluice.control.cli.SluiceCli;

/** Writes every page into a folder; the build runs it once the jar is there. */
public final class Manual {
    static final List<Argument> ENVIRONMENT = List.of(
        new Argument("SLUICE_RUN_DIR", "The run folder, for the daemon and the other commands. Default: /run/sluice."),
        new Argument("SLUICE_STATE_DIR", "The daemon's state folder. Default: /var/lib/sluice."),
        new Argument("JAVA_HOME", "The JDK 25 to run on. Default: the one on the PATH, or one in a usual place."));
    static final List<Argument> FILES = List.of(
        new Argument("/run/sluice/api.sock", "The socket that the commands reach the daemon through."),
        new Argument("/run/docker/plugins/sluice.sock", "The socket that Docker reaches its driver through."),
        new Argument("/var/lib/sluice/state.json", "The saved networks, endpoints, ports and VTEPs."));

    private Manual() {
    }

    /**
     * @param arguments the folder to write to; it is made if it is not there.
     */
    public static void main(final String[] arguments) throws IOException {
        final Path folder = Files.createDirectories(Path.of(arguments[0]));
        final CommandText sluice = commands();
        Files.writeString(folder.resolve("cli.md"), MarkdownPage.of(sluice));
        Files.writeString(folder.resolve("sluice.1"), ManPage.of(sluice, Version.TEXT));
        Files.writeString(folder.resolve("sluice.bash"), BashCompletion.of(sluice));
        Files.writeString(folder.resolve("_sluice"), ZshCompletion.of(sluice));
    }

    /** What docs/cli.md must be. */
    public static String markdown() {
        return MarkdownPage.of(commands());
    }

    private static CommandText commands() {
        return CommandText.of(SluiceCli.commandLine().getCommandSpec());
    }
}
