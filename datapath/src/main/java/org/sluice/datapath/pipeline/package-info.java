/**
 * The stages of the switch. A burst passes through one stage as a whole before the next begins.
 * <p>
 * {@link Pipeline} states the order. Each {@code *Stage} class is one stage. The other classes help a stage: they
 * parse, admit new connections, answer ARP and ND, write ICMP errors, cut packets, trace and capture.
 * <p>
 * The worker owns every object here; the stages allocate nothing and take no lock. Start with {@link Pipeline}, then
 * read a stage such as {@link BridgeStage}.
 */
package org.sluice.datapath.pipeline;
