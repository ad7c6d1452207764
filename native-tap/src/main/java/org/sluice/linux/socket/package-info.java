/**
 * Sockets beyond what Java offers: options, addresses and messages in the kernel's layout, classic BPF filters, a
 * datagram socket that knows which address it was reached at, and the path MTU to a destination. Each socket is one
 * thread's. Start with {@link org.sluice.linux.socket.AddressedDatagramSocket}.
 */
package org.sluice.linux.socket;
