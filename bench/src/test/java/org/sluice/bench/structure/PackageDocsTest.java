package org.sluice.bench.structure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

/** Every package says in its package-info.java what lives there, whose it is, and where to start reading. */
class PackageDocsTest {
    private static final List<String> MODULES = List.of("datapath", "native-tap", "control", "bench");
    private static final List<String> SOURCES = List.of("src/main/java", "src/testbed/java");

    @Test
    void shouldDescribeEveryPackage() throws IOException {
        final List<Path> packages = MODULES.stream()
            .flatMap(module -> SOURCES.stream().map(source -> Path.of("..", module, source)))
            .filter(Files::isDirectory)
            .flatMap(PackageDocsTest::packagesBelow)
            .toList();

        assertFalse(packages.isEmpty());
        assertEquals(List.of(), packages.stream().filter(folder -> !isDescribed(folder)).toList());
    }

    private static Stream<Path> packagesBelow(final Path source) {
        try (Stream<Path> files = Files.walk(source)) {
            return files.filter(file -> file.toString().endsWith(".java")).map(Path::getParent).distinct().toList()
                .stream();
        } catch (final IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static boolean isDescribed(final Path folder) {
        return Files.isRegularFile(folder.resolve("package-info.java"));
    }
}
