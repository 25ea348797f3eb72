package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;

/**
 * An answer over HTTP.
 *
 * @param status a number of HTTP, such as 200
 * @param headers besides Content-Type, Content-Length and those that every answer has
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares answers
public record HttpAnswer(int status, String contentType, Map<String, String> headers, byte[] body) {
  public HttpAnswer {
    headers = Map.copyOf(headers);
  }

  /** A few words for people. */
  public static HttpAnswer text(int status, String text) {
    return new HttpAnswer(status, "text/plain; charset=utf-8", Map.of(), text.getBytes(UTF_8));
  }
}
