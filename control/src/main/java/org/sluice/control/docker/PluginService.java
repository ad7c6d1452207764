package org.sluice.control.docker;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

import com.fasterxml.jackson.annotation.JsonProperty;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.http.HttpService;
import org.sluice.control.http.JsonBody;

/**
 * Answers Docker's calls on our socket: every call of its plugin protocol (moby pkg/plugins) stands in one table. A
 * call is carried out on a thread of its own, so that containers that start at one time do not wait for each other. A
 * call that fails is answered with a sentence, which Docker shows its user.
 */
final class PluginService implements HttpService, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PluginService.class);

    /** Error reply of the network driver. */
    record NetworkError(@JsonProperty("Err") String error) {
    }

    /** Error reply of the address management driver. */
    record IpamError(@JsonProperty("Error") String error) {
    }

    private record Call<T>(Class<T> request, Function<T, Object> action) {
    }

    private static final long END_SECONDS = 5;
    private static final String NETWORK = "/NetworkDriver.";
    private static final String IPAM = "/IpamDriver.";

    private final ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("docker-", 0).factory());
    private final Map<String, Call<?>> networkCalls;
    private final Map<String, Call<?>> ipamCalls;

    PluginService(final NetworkDriver network, final IpamDriver ipam) {
        networkCalls = Map.ofEntries(
            call("GetCapabilities", Void.class, request -> network.capabilities()),
            call("GwAllocCheck", Void.class, request -> network.gwAllocCheck()),
            call("AllocateNetwork", Void.class, request -> network.allocateNetwork()),
            call("FreeNetwork", Void.class, request -> network.nothing()),
            call("CreateNetwork", NetworkMessages.CreateNetwork.class, network::createNetwork),
            call("DeleteNetwork", NetworkMessages.Target.class, network::deleteNetwork),
            call("CreateEndpoint", NetworkMessages.CreateEndpoint.class, network::createEndpoint),
            call("EndpointOperInfo", NetworkMessages.Target.class, network::operInfo),
            call("Join", NetworkMessages.Target.class, network::join),
            call("Leave", NetworkMessages.Target.class, network::leave),
            call("DeleteEndpoint", NetworkMessages.Target.class, network::deleteEndpoint),
            call("ProgramExternalConnectivity", NetworkMessages.Target.class, network::programExternalConnectivity),
            call("RevokeExternalConnectivity", NetworkMessages.Target.class, network::revokeExternalConnectivity),
            call("DiscoverNew", Void.class, request -> network.nothing()),
            call("DiscoverDelete", Void.class, request -> network.nothing()));
        ipamCalls = Map.ofEntries(
            call("GetCapabilities", Void.class, request -> ipam.capabilities()),
            call("GetDefaultAddressSpaces", Void.class, request -> ipam.addressSpaces()),
            call("RequestPool", IpamMessages.RequestPool.class, ipam::requestPool),
            call("ReleasePool", IpamMessages.Target.class, ipam::releasePool),
            call("RequestAddress", IpamMessages.Target.class, ipam::requestAddress),
            call("ReleaseAddress", IpamMessages.Target.class, ipam::releaseAddress));
    }

    /**
     * @param request what its body is read as; Void for one that does not matter.
     */
    private static <T> Map.Entry<String, Call<?>> call(final String name, final Class<T> request,
                                                       final Function<T, Object> action) {
        return Map.entry(name, new Call<>(request, action));
    }

    @Override
    public String contentType() {
        return "application/vnd.docker.plugins.v1.2+json";
    }

    @Override
    public void serve(final HttpMethod method, final String uri, final byte[] body, final Consumer<Answer> reply) {
        if (!HttpMethod.POST.equals(method)) {
            reply.accept(refuse(HttpResponseStatus.METHOD_NOT_ALLOWED, "this is Docker's plugin protocol: POST, not "
                + method));
            return;
        }
        try {
            threads.execute(() -> reply.accept(answer(uri, body)));
        } catch (final RejectedExecutionException ex) {
            reply.accept(refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "the daemon is stopping"));
        }
    }

    @Override
    public Answer refuse(final HttpResponseStatus status, final String message) {
        return new Answer(status, write(new NetworkError(message)));
    }

    private Answer answer(final String uri, final byte[] body) {
        if ("/Plugin.Activate".equals(uri)) {
            return new Answer(HttpResponseStatus.OK,
                write(new NetworkMessages.Manifest(List.of("NetworkDriver", "IpamDriver"))));
        }
        if (uri.startsWith(IPAM)) {
            return answer(uri, ipamCalls.get(uri.substring(IPAM.length())), body, IpamError::new);
        }
        return answer(uri, uri.startsWith(NETWORK) ? networkCalls.get(uri.substring(NETWORK.length())) : null, body,
            NetworkError::new);
    }

    /** Never throws. */
    private <T> Answer answer(final String uri, final @Nullable Call<T> call, final byte[] body,
                              final Function<String, Object> error) {
        if (call == null) {
            return new Answer(HttpResponseStatus.NOT_FOUND, write(error.apply("there is no call " + uri)));
        }
        final T request;
        try {
            request = Void.class.equals(call.request()) ? null
                : JsonBody.read(PluginJson.MAPPER, body, call.request());
        } catch (final ControlException ex) {
            return new Answer(HttpResponseStatus.BAD_REQUEST, write(error.apply(ex.getMessage())));
        }
        try {
            return new Answer(HttpResponseStatus.OK, write(call.action().apply(request)));
        } catch (final ControlException ex) {
            LOG.info("{}: {}", uri, ex.getMessage());
            return new Answer(HttpResponseStatus.OK, write(error.apply(ex.getMessage())));
        } catch (final RuntimeException | Error ex) {
            LOG.error("{} failed", uri, ex);
            return new Answer(HttpResponseStatus.OK, write(error.apply(String.valueOf(ex.getMessage()))));
        }
    }

    private static byte[] write(final Object value) {
        return JsonBody.write(PluginJson.MAPPER, value);
    }

    /** Lets no new calls begin, and those that have begun end. */
    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("cutting off calls from Docker that have not ended");
            }
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
