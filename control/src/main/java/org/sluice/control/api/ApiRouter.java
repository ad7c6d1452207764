package org.sluice.control.api;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.databind.module.SimpleModule;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.http.HttpService;
import org.sluice.control.http.JsonBody;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.NetworkManager;
import org.sluice.control.observe.Observer;
import org.sluice.control.overlay.OverlayManager;

/**
 * The API that the command line uses: from a method, a path and a JSON body to an answer; every route stands in one
 * table. The requests are answered one after the other on the control thread.
 */
public final class ApiRouter implements HttpService {
    private static final Logger LOG = LoggerFactory.getLogger(ApiRouter.class);
    /** A part of a path that stands for the name of something. */
    private static final Pattern NAME = Pattern.compile("\\{[a-z]+}");

    /** The body of every answer that is an error. */
    record ErrorBody(String error) {
    }

    /** The parts of a request that a route needs. */
    private record Call(Matcher path, Map<String, List<String>> query, byte[] body) {
        String name() {
            return path.group(1);
        }

        @Nullable String parameter(final String key) {
            final List<String> values = query.get(key);
            return values == null ? null : values.getLast();
        }
    }

    /** Answers one route; null is an empty answer. */
    @FunctionalInterface
    private interface Action {
        @Nullable Object run(Call call);
    }

    /** The path is written as the documentation has it: {@code /v1/networks/{name}}. */
    private record Route(HttpMethod method, String path, Pattern pattern, Action action) {
    }

    private final JsonMapper json = JsonMapper.builder()
        .withConfigOverride(List.class, list -> list.setSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL)))
        .addModule(new SimpleModule().addSerializer(java.time.Instant.class, ToStringSerializer.instance)).build();
    private final ControlApi api;
    private final Executor control;
    private final Supplier<CompletableFuture<Void>> before;
    private final List<Route> routes;

    /**
     * @param control the control thread.
     * @param before  what is to be done before a request is answered, on no thread that it would keep from its work.
     */
    public ApiRouter(final ControlApi api, final Executor control, final Supplier<CompletableFuture<Void>> before) {
        this.api = api;
        this.control = control;
        this.before = before;
        routes = List.of(
            route(HttpMethod.GET, "/v1/status", call -> api.status()),
            route(HttpMethod.POST, "/v1/prune", call -> api.prune()),
            route(HttpMethod.GET, "/v1/networks", call -> api.listNetworks()),
            route(HttpMethod.POST, "/v1/networks",
                call -> api.createNetwork(read(call.body(), NetworkManager.Request.class))),
            route(HttpMethod.POST, "/v1/networks/prune", call -> api.pruneNetworks()),
            route(HttpMethod.GET, "/v1/networks/{name}", call -> api.inspectNetwork(call.name())),
            route(HttpMethod.DELETE, "/v1/networks/{name}", call -> nothing(() -> api.removeNetwork(call.name()))),
            route(HttpMethod.GET, "/v1/vteps", call -> api.listVteps()),
            route(HttpMethod.GET, "/v1/networks/{name}/vteps", call -> api.listVteps(call.name())),
            route(HttpMethod.PUT, "/v1/networks/{name}/vteps",
                call -> api.replaceVteps(call.name(), read(call.body(), ControlApi.VtepsRequest.class))),
            route(HttpMethod.POST, "/v1/networks/{name}/vteps",
                call -> api.addVtep(call.name(), read(call.body(), OverlayManager.Request.class))),
            route(HttpMethod.DELETE, "/v1/networks/{name}/vteps/{address}",
                call -> nothing(() -> api.removeVtep(call.name(), call.path().group(2)))),
            route(HttpMethod.GET, "/v1/endpoints", call -> api.listEndpoints()),
            route(HttpMethod.POST, "/v1/endpoints",
                call -> api.attachEndpoint(read(call.body(), EndpointManager.Request.class))),
            route(HttpMethod.GET, "/v1/endpoints/{name}", call -> api.inspectEndpoint(call.name())),
            route(HttpMethod.DELETE, "/v1/endpoints/{name}", call -> nothing(() -> api.detachEndpoint(call.name()))),
            route(HttpMethod.POST, "/v1/endpoints/{name}/ports",
                call -> api.publish(call.name(), read(call.body(), ControlApi.PortsRequest.class))),
            route(HttpMethod.POST, "/v1/endpoints/{name}/ports/unpublish",
                call -> api.unpublish(call.name(), read(call.body(), ControlApi.PortsRequest.class))),
            route(HttpMethod.GET, "/v1/ports", call -> api.listPortMaps()),
            route(HttpMethod.GET, "/v1/conntrack", call -> api.listConnections(ConntrackQuery.page(call.query()))),
            route(HttpMethod.GET, "/v1/conntrack/count",
                call -> api.countConnections(ConntrackQuery.parse(call.query()))),
            route(HttpMethod.POST, "/v1/conntrack/flush",
                call -> api.flushConnections(ConntrackQuery.parse(call.query()))),
            route(HttpMethod.GET, "/v1/routes", call -> api.listRoutes()),
            route(HttpMethod.GET, "/v1/neighbours", call -> api.listNeighbours()),
            route(HttpMethod.POST, "/v1/trace",
                call -> api.observer().startTrace(read(call.body(), Observer.TraceRequest.class))),
            route(HttpMethod.GET, "/v1/trace", call -> api.observer().readTrace()),
            route(HttpMethod.DELETE, "/v1/trace", call -> nothing(api.observer()::stopTrace)),
            route(HttpMethod.POST, "/v1/capture",
                call -> api.observer().startCapture(read(call.body(), Observer.CaptureRequest.class))),
            route(HttpMethod.GET, "/v1/capture", call -> api.observer().readCapture()),
            route(HttpMethod.DELETE, "/v1/capture", call -> api.observer().stopCapture()),
            route(HttpMethod.GET, "/v1/fdb", call -> api.listFdb(call.parameter("network"))),
            route(HttpMethod.POST, "/v1/fdb/flush",
                call -> nothing(() -> api.flushFdb(call.parameter("network")))));
    }

    /** Every route, as {@code GET /v1/networks/{name}}; docs/api.md has them all. */
    public List<String> routes() {
        return routes.stream().map(route -> route.method() + " " + route.path()).toList();
    }

    @Override
    public String contentType() {
        return "application/json";
    }

    @Override
    public void serve(final HttpMethod method, final String uri, final byte[] body, final Consumer<Answer> reply) {
        before.get().thenRun(() -> control.execute(() -> reply.accept(answer(method, uri, body))));
    }

    @Override
    public Answer refuse(final HttpResponseStatus status, final String message) {
        return new Answer(status, write(new ErrorBody(message)));
    }

    /** Answers any request; never throws. */
    private Answer answer(final HttpMethod method, final String uri, final byte[] body) {
        try {
            return dispatch(method, decoded(uri), body);
        } catch (final ControlException ex) {
            if (ex.kind() == ControlException.Kind.FAILED) {
                api.report(ex);
            }
            return refuse(statusOf(ex.kind()), ex.getMessage());
        } catch (final RuntimeException | Error ex) {
            LOG.error("{} {} failed", method, uri, ex);
            return refuse(HttpResponseStatus.INTERNAL_SERVER_ERROR, String.valueOf(ex.getMessage()));
        }
    }

    /** Decodes the escapes now: the decoder would do it, and fail, at first use. */
    private static QueryStringDecoder decoded(final String uri) {
        final QueryStringDecoder decoder = new QueryStringDecoder(uri);
        try {
            decoder.path();
            decoder.parameters();
            return decoder;
        } catch (final IllegalArgumentException ex) {
            throw ControlException.invalid("the request's URI is malformed: " + ex.getMessage());
        }
    }

    private Answer dispatch(final HttpMethod method, final QueryStringDecoder uri, final byte[] body) {
        boolean pathKnown = false;
        for (final Route route : routes) {
            final Matcher path = route.pattern().matcher(uri.path());
            if (path.matches()) {
                pathKnown = true;
                if (route.method().equals(method)) {
                    final Object result = route.action().run(new Call(path, uri.parameters(), body));
                    return result == null ? new Answer(HttpResponseStatus.NO_CONTENT, new byte[0])
                        : new Answer(HttpResponseStatus.OK, write(result));
                }
            }
        }
        return pathKnown ? refuse(HttpResponseStatus.METHOD_NOT_ALLOWED, uri.path() + " does not take " + method)
            : refuse(HttpResponseStatus.NOT_FOUND, "there is no " + uri.path() + " in this API");
    }

    private <T> T read(final byte[] body, final Class<T> type) {
        return JsonBody.read(json, body, type);
    }

    private byte[] write(final Object value) {
        return JsonBody.write(json, value);
    }

    private static Route route(final HttpMethod method, final String path, final Action action) {
        return new Route(method, path, Pattern.compile(NAME.matcher(path).replaceAll("([^/]+)")), action);
    }

    private static @Nullable Object nothing(final Runnable action) {
        action.run();
        return null;
    }

    private static HttpResponseStatus statusOf(final ControlException.Kind kind) {
        return switch (kind) {
            case INVALID -> HttpResponseStatus.BAD_REQUEST;
            case NOT_FOUND -> HttpResponseStatus.NOT_FOUND;
            case CONFLICT -> HttpResponseStatus.CONFLICT;
            case FAILED -> HttpResponseStatus.INTERNAL_SERVER_ERROR;
        };
    }
}
