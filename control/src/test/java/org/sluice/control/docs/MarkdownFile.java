package org.sluice.control.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One page of the repository's documentation, as far as the tests need to understand Markdown. */
final class MarkdownFile {
    private static final Path ROOT = Path.of(System.getProperty("sluice.root"));
    private static final Pattern HEADING = Pattern.compile("#{1,6} +(.*?)[ #]*");
    private static final Pattern TARGET = Pattern.compile("]\\(([^)\\s]+)|(?:src|href)=\"([^\"]+)\"");
    private static final String FENCE = "```";

    /** A fenced block: what stands behind the fence, and the text. */
    record Block(String language, String text) {
    }

    private final Path path;
    private final List<Block> blocks = new ArrayList<>();
    private final List<String> headings = new ArrayList<>();
    private final Set<String> anchors = new HashSet<>();
    private final List<String> targets = new ArrayList<>();

    private MarkdownFile(final Path path) {
        this.path = path;
        final List<String> block = new ArrayList<>();
        String language = null;
        for (final String line : lines(path)) {
            final boolean isFence = line.strip().startsWith(FENCE);
            if (isFence && language == null) {
                language = line.strip().substring(FENCE.length());
            } else if (isFence) {
                blocks.add(new Block(language, String.join("\n", block) + "\n"));
                block.clear();
                language = null;
            } else if (language != null) {
                block.add(line);
            } else {
                addProse(line);
            }
        }
    }

    /** Reads a page; fails the test if it is not there. */
    static MarkdownFile read(final String name) {
        return new MarkdownFile(ROOT.resolve(name));
    }

    static MarkdownFile read(final Path path) {
        return new MarkdownFile(path);
    }

    /** Every page of the repository. */
    static List<MarkdownFile> all() {
        final List<MarkdownFile> all = new ArrayList<>();
        try {
            Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(final Path folder, final BasicFileAttributes attributes) {
                    final String name = folder.getFileName().toString();
                    return "target".equals(name) || ".git".equals(name) ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) {
                    if (file.toString().endsWith(".md")) {
                        all.add(new MarkdownFile(file));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        return all;
    }

    /** From the root of the repository. */
    String name() {
        return ROOT.relativize(path).toString();
    }

    Path path() {
        return path;
    }

    List<Block> blocks() {
        return blocks;
    }

    List<String> headings() {
        return headings;
    }

    /** What an address may name behind {@code #}, as GitHub makes it from the headings. */
    Set<String> anchors() {
        return anchors;
    }

    /** Where links and images lead. */
    List<String> targets() {
        return targets;
    }

    private void addProse(final String line) {
        final Matcher heading = HEADING.matcher(line);
        if (heading.matches()) {
            headings.add(heading.group(1));
            addAnchor(heading.group(1));
        }
        final Matcher target = TARGET.matcher(line.replaceAll("`[^`]*`", ""));
        while (target.find()) {
            targets.add(target.group(1) == null ? target.group(2) : target.group(1));
        }
    }

    private void addAnchor(final String heading) {
        final String anchor = heading.replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
            .replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
        String unique = anchor;
        for (int i = 1; !anchors.add(unique); i++) {
            unique = anchor + '-' + i;
        }
    }

    private static List<String> lines(final Path path) {
        try {
            return Files.readAllLines(path);
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
