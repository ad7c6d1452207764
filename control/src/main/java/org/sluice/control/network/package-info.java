/**
 * Networks, endpoints and published ports. Three managers carry out what clients ask, in the desired state and in the
 * switch: {@link org.sluice.control.network.NetworkManager}, {@link org.sluice.control.network.EndpointManager},
 * {@link org.sluice.control.network.PortMapManager}. {@link org.sluice.control.network.LiveNetworks} and
 * {@link org.sluice.control.network.LiveEndpoints} hold what is up, and
 * {@link org.sluice.control.network.PortInventory} lists the switch's ports by name. Start with
 * {@link org.sluice.control.network.Networking}, which puts them together. Owned by the control thread.
 */
package org.sluice.control.network;
