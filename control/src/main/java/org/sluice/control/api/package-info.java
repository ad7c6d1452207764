/**
 * The HTTP API that the command line uses. {@link org.sluice.control.api.ApiRouter} has the table of routes,
 * {@link org.sluice.control.api.ControlApi} one method for each, and a {@code *Views} class shows each kind of thing
 * as JSON, in the records of {@link org.sluice.control.api.Views}. Requests are answered one by one on the control
 * thread.
 */
package org.sluice.control.api;
