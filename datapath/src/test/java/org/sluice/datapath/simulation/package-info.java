/**
 * A seeded simulation of the datapath: a world of chance around one worker, on a clock that stands still until the
 * simulation moves it, and a simple model that says what must come of every frame. One thread, no sleeping: a seed does
 * and sees the same each time.
 * <p>
 * Start with {@link org.sluice.datapath.simulation.Simulation}, which plays one action after another on a
 * {@link org.sluice.datapath.simulation.Scene}. Actions are in the {@code *Traffic} classes and in
 * {@link org.sluice.datapath.simulation.Changes}. The model is {@link org.sluice.datapath.simulation.Bridge} for layer
 * 2 and {@link org.sluice.datapath.simulation.Router} for layer 3, which know nothing of the switch's code: they
 * foretell the {@link org.sluice.datapath.simulation.Fate} of a frame. What comes out must be just what was foretold,
 * byte for byte and once; {@link org.sluice.datapath.simulation.Ledger} holds all counters against it. Nobody can
 * foretell the fate of hostile frames: {@link org.sluice.datapath.simulation.HostileRules} says what none of them may
 * do.
 * <p>
 * A failure prints its seed and the command that replays it. To simulate for an hour:
 * <pre>
 *   mvn -B test -pl datapath -Dtest=SimulationTest -Dsluice.simulation.seconds=3600
 * </pre>
 * The simulation must find faults. Whoever changes it may break the switch by hand again, in these and other ways; next
 * to each stands the first seed from 1 on that found it.
 * <pre>
 *   one network reaches another                            1    an unpublished port is open to the world         1
 *   an internal network has a way out                      1    an internal network reaches published ports     14
 *   icc off is ignored by the bridge                       1    no source guard                                  1
 *   the host forwards into a network                       1    an intruder uses another's connection            1
 *   answers are not translated back                        1    nothing is masqueraded                           1
 *   hairpins keep their source                             1    one translated port goes to two connections      7
 *   ports outside the range are given out                  1    the UDP checksum misses the ports                1
 *   the hop limit stays as it is                           1    an ICMP error's quoted packet stays as it is     1
 *   a flooded frame comes twice                            1    a flooded frame comes back                       1
 *   what waits for a neighbour is sent twice               1    early fragments are never released               1
 *   the MTU of an egress port is ignored                   1    refused frames count as sent                     1
 *   a drop is counted twice                                1    a network does not count all its drops           1
 *   connections outlive their endpoint                     1    a restarted worker loses its connections         1
 *   a UDP connection lives too long                        1    a UDP connection dies too early                  1
 *   early drop takes an answered connection               11    ICMP errors are lost beside ending connections  62
 *   a port's flush leaves the FDB as it is                 1    MAC addresses never age                          1
 *   a port teaches more MAC addresses than it may         41    a port map stays when it is removed              1
 *   a removed route is still used                          1    new routes do not reach old connections          2
 * </pre>
 */
package org.sluice.datapath.simulation;
