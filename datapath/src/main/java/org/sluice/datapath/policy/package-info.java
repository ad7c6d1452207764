/**
 * The rules for who may reach whom. {@link Isolation} decides on new connections between networks, endpoints and the
 * outside; {@link Martians} names the addresses that are never routed.
 * <p>
 * Both are static functions without state, which the worker calls. Start with
 * {@link Isolation}.
 */
package org.sluice.datapath.policy;
