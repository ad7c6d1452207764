/**
 * JMH benchmarks of the datapath in memory: a worker's paths, its tables, and single steps such as checksums.
 * <p>
 * Each benchmark runs on one thread, which takes the worker's part: a benchmark calls the worker's duty cycles itself.
 * In-memory devices ({@link ReplayDevice}, {@link TemplateDevice}) stand in for TAPs. Start with
 * {@link BridgeBenchmark}; {@link BenchSwitch} builds its worker. {@link Programs} and {@link Conditions} also serve
 * the packages below.
 */
package org.sluice.bench;
