/**
 * Network namespaces and devices for tests that need root, in all modules.
 * <p>
 * The unit tests of native-tap use it, the testbed of control builds its hosts from it, and so does the comparison in
 * bench. Every object belongs to the test that makes it, and to the test's thread.
 * <p>
 * Start with {@link org.sluice.linux.testbed.TestNamespace}. A test that uses one carries
 * {@link org.sluice.linux.testbed.RequiresRoot}.
 */
package org.sluice.linux.testbed;
