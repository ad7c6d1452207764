package org.sluice.control.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.DropReason;

/** docs/troubleshooting.md explains every reason for which the switch drops a frame. */
class TroubleshootingPageTest {
    @Test
    void shouldExplainEveryDropReason() throws IOException {
        final String page = Files.readString(MarkdownFile.read("docs/troubleshooting.md").path());
        final Set<String> words = new HashSet<>(List.of(page.split("[^A-Z0-9_]+")));

        final List<String> missing =
            Arrays.stream(DropReason.values()).map(Enum::name).filter(name -> !words.contains(name)).toList();

        assertEquals(List.of(), missing);
    }
}
