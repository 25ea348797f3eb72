package dev.metakey.server.transport;

import java.util.concurrent.CompletableFuture;

/** What is at one path of the {@link HttpEndpoint}. */
@FunctionalInterface
public interface HttpPage {
  /**
   * The answer to GET. Must not wait: all pages are made on one thread.
   *
   * @param query what the request has after a question mark, as it came; empty if it has none
   */
  HttpAnswer get(String query);

  /** A page that has to wait for something, and does so on a thread of its own. */
  interface Slow extends HttpPage {
    CompletableFuture<HttpAnswer> ask(String query);

    @Override
    default HttpAnswer get(String query) {
      return ask(query).join();
    }
  }
}
