package org.sluice.control.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

/** Every link and image of the documentation that stays within the repository leads to something. */
class LinksTest {
    @Test
    void shouldResolveEveryLink() {
        final List<String> broken = new ArrayList<>();
        int links = 0;

        for (final MarkdownFile page : MarkdownFile.all()) {
            for (final String target : page.targets()) {
                if (!target.matches("[a-z][a-z0-9+.-]*:.*")) {
                    links++;
                    if (!resolves(page, target)) {
                        broken.add(page.name() + ": " + target);
                    }
                }
            }
        }

        assertEquals(List.of(), broken);
        assertFalse(links == 0, "there are links");
    }

    private static boolean resolves(final MarkdownFile page, final String target) {
        final URI uri = URI.create(target);
        final String path = uri.getPath();
        final Path file = path.isEmpty() ? page.path() : page.path().resolveSibling(path);
        final String anchor = uri.getFragment();
        if (!Files.exists(file) || path.startsWith("/")) {
            return false;
        }
        return anchor == null || (file.toString().endsWith(".md") ? MarkdownFile.read(file).anchors().contains(anchor)
            : anchor.matches("L\\d+(-L\\d+)?"));
    }
}
