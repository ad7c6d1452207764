/**
 * The ground that all of control stands on: the thread that makes every change
 * ({@link org.sluice.control.base.ControlThread}), the error that a client sees
 * ({@link org.sluice.control.base.ControlException}), and steps that are taken back, or taken whatever happens
 * ({@link org.sluice.control.base.Undo}, {@link org.sluice.control.base.BestEffort}).
 */
package org.sluice.control.base;
