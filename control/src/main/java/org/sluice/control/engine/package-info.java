/**
 * The running switch as control sees it. {@link org.sluice.control.engine.SwitchEngine} starts the workers, turns
 * changes into commands to them, and reads their mapped memory; {@link org.sluice.control.engine.WorkerEvents} carries
 * back what they ask for. Start with {@code SwitchEngine}.
 * <p>
 * All is the control thread's, except where a class says otherwise: any thread may read counters and record errors.
 */
package org.sluice.control.engine;
