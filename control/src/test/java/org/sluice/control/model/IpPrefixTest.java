package org.sluice.control.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;

import org.junit.jupiter.api.Test;

import org.sluice.control.base.ControlException;

class IpPrefixTest {
    @Test
    void shouldKeepWhatItParses() {
        for (final String text : new String[] {"10.9.0.0/24", "0.0.0.0/0", "fd00::/64", "10.0.0.1/32", "fd00::1/128"}) {
            assertEquals(text, IpPrefix.parse(text).toString());
        }
    }

    @Test
    void shouldRefuseWhatIsNoPrefix() {
        for (final String text : new String[] {"", "/", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/1000", "host/8",
            "10.0.0.0/24/24", "fe80::%1/64", "fd00::1/64", "010.0.0.0/8x", null}) {
            assertThrows(ControlException.class, () -> IpPrefix.parse(text), String.valueOf(text));
        }
    }

    @Test
    void shouldKnowWhatItContainsAndOverlaps() {
        final IpPrefix wide = IpPrefix.parse("10.0.0.0/8");
        final IpPrefix narrow = IpPrefix.parse("10.9.0.0/24");
        assertTrue(wide.contains(narrow));
        assertFalse(narrow.contains(wide));
        assertTrue(wide.overlaps(narrow));
        assertTrue(narrow.overlaps(wide));
        assertFalse(narrow.overlaps(IpPrefix.parse("10.9.1.0/24")));
        assertFalse(IpPrefix.parse("0.0.0.0/0").overlaps(IpPrefix.parse("::/0")));
        assertTrue(narrow.contains(IpPrefix.parseAddress("10.9.0.255")));
        assertTrue(narrow.isReserved(IpPrefix.parseAddress("10.9.0.255")));
        assertFalse(IpPrefix.parse("fd00::/64").isReserved(IpPrefix.parseAddress("fd00::ffff:ffff:ffff:ffff")));
    }

    @Test
    void shouldCountThroughItsAddresses() {
        final IpPrefix prefix = IpPrefix.parse("10.9.0.0/22");
        assertEquals(BigInteger.valueOf(1024), prefix.size());
        for (int i = 0; i < 1024; i++) {
            assertEquals(BigInteger.valueOf(i), prefix.indexOf(prefix.at(BigInteger.valueOf(i))));
        }
        assertEquals("255.255.255.255",
            IpPrefix.format(IpPrefix.parse("255.255.255.0/24").at(BigInteger.valueOf(255))));
    }
}
