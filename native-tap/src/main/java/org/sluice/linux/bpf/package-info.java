/**
 * eBPF programs, assembled in Java. {@link org.sluice.linux.bpf.BpfAssembler} writes instructions,
 * {@link org.sluice.linux.bpf.BpfProgram} loads them, {@link org.sluice.linux.bpf.BpfMap} holds what they look up.
 * {@link org.sluice.linux.bpf.Steering} takes packets from a network interface to the switch; start there.
 * {@link org.sluice.linux.bpf.SocketLookup} hands connections to the proxy. The control thread loads and edits; the
 * kernel runs the programs wherever a packet is.
 */
package org.sluice.linux.bpf;
