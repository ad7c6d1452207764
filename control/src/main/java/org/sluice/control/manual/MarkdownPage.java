package org.sluice.control.manual;

import java.util.Comparator;
import java.util.List;

/** docs/cli.md: every command, for readers of the repository. */
final class MarkdownPage {
    private static final int MAX_COLUMNS = 100;
    private static final int INDENT = 4;
    private static final String HEAD = """
        # The command line

        <!-- Written by "make docs" from the commands' own help texts; change those, not this page. -->

        `sluice help` lists the commands, `sluice help network create` explains one, and `man sluice` explains them all.
        Bash and zsh complete commands, options and some of their values.

        """;

    private final StringBuilder page = new StringBuilder();

    private MarkdownPage() {
    }

    static String of(final CommandText sluice) {
        final MarkdownPage page = new MarkdownPage();
        page.page.append(HEAD);
        page.contents(sluice);
        sluice.commands().forEach(command -> page.command(command, "##"));
        page.table("Options of every command that talks to the daemon", "option", common(sluice));
        page.table("Environment", "variable", Manual.ENVIRONMENT);
        page.table("Files", "file", Manual.FILES);
        page.table("Exit status", "status", sluice.exits());
        return page.page.toString().stripTrailing() + '\n';
    }

    static List<Argument> common(final CommandText sluice) {
        return sluice.all().map(CommandText::common).max(Comparator.comparingInt(List::size)).orElseThrow();
    }

    private void contents(final CommandText sluice) {
        page.append("| command | |\n|---|---|\n");
        sluice.commands().forEach(command -> page.append("| [`").append(command.path()).append("`](#")
            .append(command.path().replace(' ', '-')).append(") | ").append(command.text()).append(" |\n"));
        page.append('\n');
    }

    private void command(final CommandText command, final String level) {
        page.append(level).append(' ').append(command.path()).append("\n\n").append(command.text());
        if (!command.aliases().isEmpty()) {
            page.append(" Also: `").append(String.join("`, `", command.aliases())).append("`.");
        }
        page.append("\n\n");
        if (command.commands().isEmpty()) {
            page.append("```text\n").append(wrapped(command.synopsis())).append("\n```\n\n");
        }
        rows("parameter", command.parameters());
        rows("option", command.options());
        command.commands().forEach(verb -> command(verb, level + '#'));
    }

    private void table(final String heading, final String column, final List<Argument> rows) {
        page.append("## ").append(heading).append("\n\n");
        rows(column, rows);
    }

    private void rows(final String column, final List<Argument> rows) {
        if (!rows.isEmpty()) {
            page.append("| ").append(column).append(" | |\n|---|---|\n");
            rows.forEach(row -> page.append("| `").append(cell(row.form())).append("` | ").append(cell(row.text()))
                .append(" |\n"));
            page.append('\n');
        }
    }

    private static String wrapped(final List<String> words) {
        final StringBuilder lines = new StringBuilder();
        int column = 0;
        for (final String word : words) {
            if (column > 0 && column + word.length() >= MAX_COLUMNS) {
                lines.append("\n   ");
                column = INDENT;
            }
            lines.append(column > 0 ? " " : "").append(word);
            column += word.length() + 1;
        }
        return lines.toString();
    }

    private static String cell(final String text) {
        return text.replace("|", "\\|");
    }
}
