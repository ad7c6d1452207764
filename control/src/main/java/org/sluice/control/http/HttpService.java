package org.sluice.control.http;

import java.util.function.Consumer;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;

/** What a {@link UnixHttpServer} serves. Called on its event loop: an answer that takes time is given elsewhere. */
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

    /** What a client gets that did not even get as far as a request. */
    Answer refuse(HttpResponseStatus status, String message);
}
