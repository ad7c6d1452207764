/**
 * Writes the documentation of the command line from its own model: the man page, docs/cli.md, and the completions of
 * bash and zsh. Start reading at {@link org.sluice.control.manual.Manual}, which the build runs; neither the daemon nor
 * a command uses anything here.
 */
package org.sluice.control.manual;
