package org.sluice.control.http;

import java.io.IOException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.sluice.control.base.ControlException;

/** The JSON of requests and answers. */
public final class JsonBody {
    private JsonBody() {
    }

    /**
     * Reads a request's body.
     *
     * @throws ControlException when it is empty, no JSON, or not of the type.
     */
    public static <T> T read(final JsonMapper json, final byte[] body, final Class<T> type) {
        try {
            final T value = body.length == 0 ? null : json.readValue(body, type);
            if (value == null) {
                throw ControlException.invalid("the request has no JSON");
            }
            return value;
        } catch (final JsonProcessingException ex) {
            throw ControlException.invalid("the request's JSON is wrong: " + ex.getOriginalMessage());
        } catch (final IOException ex) {
            throw ControlException.invalid("the request cannot be read: " + ex.getMessage());
        }
    }

    /** Writes an answer's. */
    public static byte[] write(final JsonMapper json, final Object value) {
        try {
            return json.writeValueAsBytes(value);
        } catch (final JsonProcessingException ex) {
            throw new IllegalStateException("cannot write " + value.getClass(), ex);
        }
    }
}
