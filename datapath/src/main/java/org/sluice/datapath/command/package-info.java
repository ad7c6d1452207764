/**
 * Messages between control and a worker, through Agrona rings.
 * <p>
 * Control calls {@link WorkerProxy}, which sends a {@link Command} and waits for its {@link CommandResult}. The
 * {@link CommandCodec} encodes it for the {@link CommandChannel}. The worker takes commands between bursts, and
 * executes them in a {@link Layer2CommandHandler} or a {@link Layer3CommandHandler}. The {@link EventChannel} carries
 * the worker's requests to control.
 * <p>
 * Each method names the side that calls it. Start with {@link Command}.
 */
package org.sluice.datapath.command;
