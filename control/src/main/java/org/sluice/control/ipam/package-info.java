/**
 * Who has which address. {@link org.sluice.control.ipam.NetworkAddresses} chooses the addresses of a network's
 * endpoints, {@link org.sluice.control.ipam.MacAllocator} their MAC addresses,
 * {@link org.sluice.control.ipam.SubnetAllocator} a subnet for a network that names none, and
 * {@link org.sluice.control.ipam.PoolManager} serves Docker's address management. The pools are
 * {@link org.sluice.control.ipam.AddressPool}. Owned by the control thread.
 */
package org.sluice.control.ipam;
