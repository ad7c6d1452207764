/**
 * The benchmark suite, which {@code make bench} runs: it selects JMH benchmarks, writes their report, and compares it
 * with an earlier one. A {@link Yardstick} in C makes reports of different machines comparable.
 * <p>
 * The main thread runs the suite; JMH runs each benchmark in a process of its own. Start with {@link SuiteCommand}.
 */
package org.sluice.bench.suite;
