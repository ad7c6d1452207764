/**
 * The desired state: networks, endpoints, published ports, address pools, the other hosts of overlay networks. Specs
 * are records, and any thread may read one; {@link org.sluice.control.model.DesiredState} itself is the control
 * thread's.
 * <p>
 * Start with {@code DesiredState}, then {@link org.sluice.control.model.StateStore}, which keeps it on the disk, and
 * {@link org.sluice.control.model.Change}, which every edit goes through that must be saved or taken back.
 */
package org.sluice.control.model;
