/**
 * The command line: picocli's commands, one noun a class, its verbs nested in it. {@code sluice daemon} starts the
 * daemon in this process; every other command is a client that asks the daemon through its API and prints the answer as
 * a table or as JSON. One thread, the process's main thread.
 * <p>
 * Start with {@link org.sluice.control.cli.SluiceCli}, which puts the commands together;
 * {@link org.sluice.control.cli.RouteCommand} is the shortest one. The package {@code control.manual} makes man page,
 * completions and docs/cli.md from the same commands.
 */
package org.sluice.control.cli;
