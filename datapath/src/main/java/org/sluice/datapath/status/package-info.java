/**
 * Counters in mapped memory, which other threads and processes read while the worker counts.
 * <p>
 * Control allocates counters in a {@link CounterRegistry}. The worker writes them, through one {@link CounterGroup} for
 * each port, network and worker. The enums {@link PortCounter}, {@link NetworkCounter} and {@link WorkerCounter} name
 * them; drops are counted by {@link org.sluice.datapath.buffer.DropReason}. Start with {@link CounterGroup}.
 */
package org.sluice.datapath.status;
