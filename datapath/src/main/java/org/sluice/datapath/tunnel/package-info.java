/**
 * VXLAN tunnels between hosts, with segmentation and coalescing of super-frames.
 * <p>
 * A {@link Vtep} is a remote host of an overlay network, and acts as a device of that network. The {@link Encapsulator}
 * puts its frames into datagrams. The {@link Decapsulator} unpacks datagrams, and passes their frames on to the
 * pipeline. The {@link Segmenter} cuts super-frames, and the {@link Coalescer} merges segments, as the kernel's GSO and
 * GRO do.
 * <p>
 * The worker owns all of them. Start with {@link Encapsulator} and {@link Decapsulator}.
 */
package org.sluice.datapath.tunnel;
