package org.sluice.control.manual;

import java.util.List;

/** sluice(1), in roff: one page with every command. */
final class ManPage {
    private final StringBuilder page = new StringBuilder();

    private ManPage() {
    }

    static String of(final CommandText sluice, final String version) {
        final ManPage page = new ManPage();
        page.line(".TH SLUICE 1 \"\" \"sluice " + escape(version) + "\" \"User Commands\"");
        page.line(".nh").line(".ad l");
        page.line(".SH NAME").line("sluice \\- " + escape(lowerFirst(sluice.firstSentence())));
        page.line(".SH SYNOPSIS").line(".B " + escape(String.join(" ", sluice.synopsis())));
        page.line(".SH DESCRIPTION").line(escape("sluice daemon runs the switch. Every other command talks to the"
            + " daemon through a socket in the run folder. To read about one command, type: sluice help COMMAND"));
        page.arguments("OPTIONS", sluice.options());
        page.line(".SH COMMANDS");
        sluice.commands().stream().flatMap(CommandText::all).filter(command -> command.commands().isEmpty())
            .forEach(page::command);
        page.arguments("COMMON OPTIONS", MarkdownPage.common(sluice));
        page.arguments("ENVIRONMENT", Manual.ENVIRONMENT);
        page.arguments("FILES", Manual.FILES);
        page.arguments("EXIT STATUS", sluice.exits());
        page.line(".SH SEE ALSO").line(".BR ip\\-netns (8),").line(".BR conntrack (8),").line(".BR docker (1)");
        return page.page.toString();
    }

    private void command(final CommandText command) {
        line(".SS " + escape(command.path()));
        line(escape(command.text()));
        if (!command.aliases().isEmpty()) {
            line(escape("Also: " + String.join(", ", command.aliases()) + '.'));
        }
        line(".PP").line(".B " + escape(String.join(" ", command.synopsis())));
        arguments(command.parameters());
        arguments(command.options());
    }

    private void arguments(final String heading, final List<Argument> arguments) {
        line(".SH " + heading);
        arguments(arguments);
    }

    private void arguments(final List<Argument> arguments) {
        for (final Argument argument : arguments) {
            final String value = argument.value().isEmpty() ? "" : " \\fI" + escape(argument.value()) + "\\fR";
            line(".TP").line("\\fB" + escape(String.join(", ", argument.names())) + "\\fR" + value);
            line(escape(argument.text()));
        }
    }

    private ManPage line(final String line) {
        page.append(line).append('\n');
        return this;
    }

    /** No character of the text is a command to roff; a hyphen stays one, so that options can be copied. */
    private static String escape(final String text) {
        final String escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq");
        return escaped.startsWith(".") ? "\\&" + escaped : escaped;
    }

    private static String lowerFirst(final String text) {
        return Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }
}
