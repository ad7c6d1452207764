/**
 * The forwarding loop. A worker owns whole networks, with their ports, tables and connections, and shares nothing with
 * other workers.
 * <p>
 * Each worker runs on one thread; "owned by the worker" in the datapath means that thread. A duty cycle executes
 * control's commands ({@link Layer2Commands}, {@link Layer3Commands}), carries a burst from each port with frames, and
 * removes old entries ({@link Housekeeper}).
 * <p>
 * Start with {@link ForwardingWorker#doWork()}, the entry to the whole datapath.
 */
package org.sluice.datapath.worker;
