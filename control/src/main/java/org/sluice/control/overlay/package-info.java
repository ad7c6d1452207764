/**
 * Networks that span hosts. {@link org.sluice.control.overlay.OverlayManager} edits which VTEPs a network has and
 * which endpoints are behind them, and {@link org.sluice.control.overlay.LiveOverlays} brings it about;
 * {@code Underlay} opens the sockets that the tunnels end in; {@code PathFinder} asks the kernel for the path to a
 * VTEP. Owned by the control thread.
 */
package org.sluice.control.overlay;
