package org.sluice.control.docker;

import java.util.Map;

import com.fasterxml.jackson.annotation.JsonProperty;

import org.jspecify.annotations.Nullable;

/** The JSON of Docker's address management protocol (moby daemon/libnetwork/ipams/remote/api). */
final class IpamMessages {
    private IpamMessages() {
    }

    /** The driver's needs. */
    record Capabilities(@JsonProperty("RequiresMACAddress") boolean requiresMac,
                        @JsonProperty("RequiresRequestReplay") boolean requiresReplay) {
    }

    /** The names of the address spaces. */
    record AddressSpaces(@JsonProperty("LocalDefaultAddressSpace") String local,
                         @JsonProperty("GlobalDefaultAddressSpace") String global) {
    }

    /**
     * A pool that is wanted.
     *
     * @param pool    the subnet, or empty for any.
     * @param subPool the part of it to hand addresses out of, or empty for all.
     */
    record RequestPool(@JsonProperty("AddressSpace") @Nullable String addressSpace,
                       @JsonProperty("Pool") @Nullable String pool,
                       @JsonProperty("SubPool") @Nullable String subPool,
                       @JsonProperty("Options") @Nullable Map<String, String> options,
                       @JsonProperty("V6") boolean ipv6) {
    }

    /** A pool. */
    record Pool(@JsonProperty("PoolID") String id, @JsonProperty("Pool") String subnet,
                @JsonProperty("Data") Map<String, String> data) {
    }

    /**
     * A pool, or an address of it.
     *
     * @param address empty for any, where one is asked for.
     */
    record Target(@JsonProperty("PoolID") @Nullable String poolId, @JsonProperty("Address") @Nullable String address,
                  @JsonProperty("Options") @Nullable Map<String, String> options) {
    }

    /** An address, with prefix length. */
    record Address(@JsonProperty("Address") String address, @JsonProperty("Data") Map<String, String> data) {
    }
}
