/**
 * Address translation: published ports (DNAT), masquerading (SNAT), and the rewriting of packets.
 * <p>
 * The {@link PortMapTable} has the published ports. The {@link SourcePortAllocator} finds source ports for translated
 * connections. The {@link PacketTranslator} rewrites packets, and the {@link IcmpErrorTranslator} rewrites ICMP errors
 * about them. A connection's two tuples say what to rewrite.
 * <p>
 * The worker owns all of them. Start with {@link PacketTranslator}.
 */
package org.sluice.datapath.nat;
