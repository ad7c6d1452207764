package org.sluice.control.http;

import java.util.function.Consumer;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Answers the requests of a {@link UnixHttpServer}. Called on its event loop: an answer that takes time is given
 * elsewhere.
 */
public interface HttpService {
    /**
     * An answer.
     *
     * @param body JSON, or nothing.
     */
    record Answer(HttpResponseStatus status, byte[] body) {
    }

    /** Of what the answers are, as HTTP's Content-Type. */
    String contentType();

    /** Answers a request now or later, from any thread. */
    void serve(HttpMethod method, String uri, byte[] body, Consumer<Answer> reply);

    /** The answer to a client whose request cannot even be read. */
    Answer refuse(HttpResponseStatus status, String message);
}
