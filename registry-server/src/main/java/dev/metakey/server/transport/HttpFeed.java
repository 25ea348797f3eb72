package dev.metakey.server.transport;

import java.util.function.Supplier;

/**
 * What viewers are told over and over again, as Server-Sent Events: whenever it has become
 * something else.
 *
 * @param path where they ask for it
 * @param event the name of the events
 * @param newest what they are to know: one line. It must not wait, and is asked for on the thread
 *     of the {@link HttpEndpoint}
 */
public record HttpFeed(String path, String event, Supplier<byte[]> newest) {}
