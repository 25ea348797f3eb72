package dev.metakey.server.transport;

import java.util.Map;

/** Is told of each call that has ended. For any thread; must return at once. */
@FunctionalInterface
public interface CallMeter {
  /**
   * @param method with its service: {@code metakey.v1.Registry/Register}
   * @param streams whether answers come until somebody ends the call, so that its length says
   *     nothing
   * @param result {@code OK}, the reason of a refusal, {@code CANCELLED} for a call that its client
   *     gave up, or a status of gRPC
   * @param facts those of a refusal
   * @param ns how long it took, nanoseconds
   */
  void ended(String method, boolean streams, String result, Map<String, String> facts, long ns);
}
