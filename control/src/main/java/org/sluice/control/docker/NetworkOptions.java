package org.sluice.control.docker;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Names;

/**
 * The options that {@code docker network create} was given with {@code -o}: the options of Docker's bridge, which mean
 * the same here, and our own. As with Docker's bridge, an option that nobody knows is left alone; one that would have
 * an effect there and has none here is refused.
 */
final class NetworkOptions {
    static final String GENERIC = "com.docker.network.generic";
    static final String INTERNAL = "com.docker.network.internal";
    private static final String BRIDGE = "com.docker.network.bridge.";
    private static final String MTU = "com.docker.network.driver.mtu";
    private static final String INTERFACE_PREFIX = "com.docker.network.container_iface_prefix";
    private static final String OWN = "sluice.";
    private static final String SOURCE_GUARD = OWN + "source_guard";
    private static final String VNI = OWN + "vni";
    private static final String VTEP_LEARNING = OWN + "vtep_learning";
    private static final String GATEWAY_MODE = BRIDGE + "gateway_mode_ipv";
    private static final Set<String> KNOWN = Set.of(BRIDGE + "name", BRIDGE + "enable_icc",
        BRIDGE + "enable_ip_masquerade", BRIDGE + "host_binding_ipv4", BRIDGE + "default_bridge", MTU,
        INTERFACE_PREFIX, SOURCE_GUARD, VNI, VTEP_LEARNING);

    private final Map<String, JsonNode> options;

    /**
     * @param options of the request; may be null.
     * @throws ControlException when there is one that cannot be had.
     */
    NetworkOptions(final @Nullable Map<String, JsonNode> options) {
        this.options = options == null ? Map.of() : options;
        generic().fieldNames().forEachRemaining(this::requireKnown);
    }

    private void requireKnown(final String name) {
        final boolean nat = name.startsWith(GATEWAY_MODE) && "nat".equals(text(name));
        final boolean matters = name.startsWith(BRIDGE) || name.startsWith(OWN)
            || name.startsWith("com.docker.network.host_ipv");
        if (matters && !nat && !KNOWN.contains(name)) {
            throw ControlException.invalid("sluice networks have no option " + name + (name.startsWith(GATEWAY_MODE)
                ? "=" + text(name) + ": their gateway mode is nat" : "; leave it out"));
        }
    }

    boolean internal() {
        return options.getOrDefault(INTERNAL, MissingNode.getInstance()).asBoolean(false);
    }

    /** Null for the default. */
    @Nullable Boolean icc() {
        return flag(BRIDGE + "enable_icc");
    }

    /** Null for the default. */
    @Nullable Boolean masquerade() {
        return flag(BRIDGE + "enable_ip_masquerade");
    }

    /** Null for the default. */
    @Nullable Boolean sourceGuard() {
        return flag(SOURCE_GUARD);
    }

    /** Null for the default. */
    @Nullable Integer mtu() {
        final Integer mtu = number(MTU, "bytes");
        // Docker's own client writes 0 for none.
        return mtu == null || mtu == 0 ? null : mtu;
    }

    /** Null for a network of this host alone. */
    @Nullable Integer vni() {
        return number(VNI, "an overlay network");
    }

    /** Null for the default. */
    @Nullable Boolean vtepLearning() {
        return flag(VTEP_LEARNING);
    }

    private @Nullable Integer number(final String name, final String what) {
        final String text = text(name);
        if (text != null && !text.matches("\\d{1,8}")) {
            throw ControlException.invalid(name + "=" + text + " is not a number of " + what);
        }
        return text == null ? null : Integer.valueOf(text);
    }

    /** Name of the host port, or null. */
    @Nullable String hostInterface() {
        return text(BRIDGE + "name");
    }

    /** Where ports are published that name no address of the host's; null for all. */
    @Nullable InetAddress hostBinding() {
        final String text = text(BRIDGE + "host_binding_ipv4");
        final InetAddress address = text == null || text.isEmpty() ? null : IpPrefix.parseAddress(text);
        return address == null || address.isAnyLocalAddress() ? null : address;
    }

    /** The name of interfaces in containers, without their number, or null. */
    @Nullable String interfacePrefix() {
        final String prefix = text(INTERFACE_PREFIX);
        if (prefix != null) {
            Names.requireInterface(prefix + "0");
        }
        return prefix;
    }

    private @Nullable Boolean flag(final String name) {
        final String text = text(name);
        if (text == null) {
            return null;
        }
        // As Go reads them, and on and off as the command line does.
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "1", "t", "true", "on" -> true;
            case "0", "f", "false", "off" -> false;
            default -> throw ControlException.invalid(name + "=" + text + " is neither true nor false");
        };
    }

    private @Nullable String text(final String name) {
        final JsonNode value = generic().path(name);
        return value.isMissingNode() || value.isNull() ? null : value.asText();
    }

    private JsonNode generic() {
        return options.getOrDefault(GENERIC, MissingNode.getInstance());
    }
}
