/**
 * HTTP on unix sockets. {@link org.sluice.control.http.UnixHttpServer} takes requests on an event loop of its own and
 * hands each to an {@link org.sluice.control.http.HttpService}, which decides on what thread it is answered.
 * {@link org.sluice.control.http.UnixHttpClient} asks, and waits.
 */
package org.sluice.control.http;
