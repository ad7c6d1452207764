/**
 * The interfaces through which the switch sees devices. The datapath knows nothing of Linux: {@code native-tap}
 * implements them for TAPs, packet rings and tunnel sockets, and tests implement them in memory.
 * <p>
 * The worker calls a device and the poller; control opens and closes devices, and passes them through the
 * {@link DeviceRegistry}. Start with {@link PacketDevice}.
 */
package org.sluice.datapath.device;
