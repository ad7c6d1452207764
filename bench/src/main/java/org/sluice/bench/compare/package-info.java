/**
 * The end-to-end comparison of Sluice with docker0 and other switches, which {@code make compare} runs.
 * <p>
 * A {@link Contender} is a system. A {@link Scene} builds it in network namespaces of its own. A {@link Load} runs on
 * each {@link TrafficPath} of the scene, and yields {@link Figure}s. {@link Results} keeps their values; a report, bar
 * charts and the check for regressions read them.
 * <p>
 * The main thread runs everything; only a signal's thread may break a run off. Start with {@link Comparison}.
 */
package org.sluice.bench.compare;
