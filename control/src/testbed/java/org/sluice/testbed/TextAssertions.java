package org.sluice.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Assertions on what programs print. A failure names the missing part and shows the whole text. */
public final class TextAssertions {
    private TextAssertions() {
    }

    /** The text contains each of these parts, in any order. */
    public static void assertContainsAll(final String text, final String... parts) {
        for (final String part : parts) {
            assertTrue(text.contains(part), () -> "\"" + part + "\" is missing in: " + text);
        }
    }

    /** {@code sluice} has failed, has printed nothing, and has explained the failure in one line with these parts. */
    public static void assertRefused(final SluiceHost.Result result, final String... parts) {
        assertNotEquals(0, result.status(), result::toString);
        assertEquals("", result.out());
        assertEquals(1, result.err().lines().count(), result::err);
        assertTrue(result.err().startsWith("sluice: "), result::err);
        assertContainsAll(result.err(), parts);
    }
}
