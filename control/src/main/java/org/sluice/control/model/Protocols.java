package org.sluice.control.model;

import java.util.Locale;
import java.util.Map;

import org.sluice.control.base.ControlException;
import org.sluice.datapath.protocol.IpProtocol;

/** Names of IP protocols, as in /etc/protocols. */
public final class Protocols {
    private static final Map<String, Integer> NUMBERS =
        Map.of("icmp", IpProtocol.ICMP, "tcp", IpProtocol.TCP, "udp", IpProtocol.UDP, "gre", 47, "esp", 50, "icmpv6",
            IpProtocol.ICMPV6, "sctp", IpProtocol.SCTP);

    private Protocols() {
    }

    /** The name, or the number where there is none here. */
    public static String name(final int number) {
        return NUMBERS.entrySet().stream().filter(entry -> entry.getValue() == number).map(Map.Entry::getKey)
            .findFirst().orElse(Integer.toString(number));
    }

    /**
     * The number of a name, or of a number.
     *
     * @throws ControlException when it is neither.
     */
    public static int number(final String text) {
        final Integer known = NUMBERS.get(text.toLowerCase(Locale.ROOT));
        if (known != null) {
            return known;
        }
        if (text.matches("\\d{1,3}") && Integer.parseInt(text) <= 255) {
            return Integer.parseInt(text);
        }
        throw ControlException.invalid("\"" + text + "\" is no protocol; use a name such as tcp, udp, icmp, icmpv6 or"
            + " sctp, or a number");
    }

    /**
     * The number of a protocol that ports of can be published.
     *
     * @throws ControlException for any other.
     */
    public static int publishable(final String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "tcp" -> IpProtocol.TCP;
            case "udp" -> IpProtocol.UDP;
            case "sctp" -> IpProtocol.SCTP;
            default -> throw ControlException.invalid("\"" + text + "\" is no protocol whose ports can be published:"
                + " use tcp, udp or sctp");
        };
    }
}
