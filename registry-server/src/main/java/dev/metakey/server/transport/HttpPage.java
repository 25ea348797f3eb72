package dev.metakey.server.transport;

/** What is at one path of the {@link HttpEndpoint}. */
@FunctionalInterface
public interface HttpPage {
  /**
   * The answer to GET. Must not wait: all pages are made on one thread.
   *
   * @param query what the request has after a question mark, as it came; empty if it has none
   */
  HttpAnswer get(String query);
}
