package org.sluice.control.docs;

import static org.junit.jupiter.api.Assertions.assertIterableEquals;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import org.sluice.control.api.ApiRouter;

/** docs/api.md has a heading for every route of the API, such as {@code ### GET /v1/networks/{name}}, and no other. */
class ApiPageTest {
    private static final Predicate<String> ROUTE = Pattern.compile("[A-Z]+ /.*").asMatchPredicate();

    @Test
    void shouldDescribeEveryRoute() {
        final Set<String> routes = sorted(new ApiRouter(null, null, null).routes().stream());

        final Set<String> described = sorted(MarkdownFile.read("docs/api.md").headings().stream()
            .map(heading -> heading.replace("`", "")).filter(ROUTE));

        assertIterableEquals(routes, described);
    }

    /** A page may write {@code NAME} for {@code {name}}. */
    private static Set<String> sorted(final Stream<String> routes) {
        return routes.map(route -> route.replaceAll("/(\\{[^}]*}|<[^>]*>|[A-Z_-]+)", "/{}"))
            .collect(Collectors.toCollection(TreeSet::new));
    }
}
