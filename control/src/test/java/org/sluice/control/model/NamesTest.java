package org.sluice.control.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NamesTest {
    @Test
    void shouldMakeHostInterfaceNamesThatFitAndDiffer() {
        assertEquals("sl-web", Names.hostInterface("web"));
        final String one = Names.hostInterface("a-rather-long-network-name-1");
        final String two = Names.hostInterface("a-rather-long-network-name-2");
        assertTrue(one.length() <= 15, one);
        assertNotEquals(one, two);
    }
}
