package dev.metakey.server;

import static java.util.stream.Collectors.joining;

import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.EngineThreads;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.publication.Publisher;
import dev.metakey.server.transport.HttpAnswer;
import dev.metakey.server.transport.SocketServer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Whether the daemon works. It is alive while every thread that it needs runs: a restart mends
 * that. It is ready while changes can be made, too: what keeps them from being made is seldom
 * mended by a restart.
 */
final class Health {
  private static final String ENDED =
      "a thread that it needs has ended; restart metakeyd, and report this with its log";

  /** By name, each says what is wrong; empty if nothing is. */
  private final Map<String, Supplier<String>> live = new LinkedHashMap<>();

  private final Map<String, Supplier<String>> ready = new LinkedHashMap<>();
  private final Map<String, Supplier<String>> notes = new LinkedHashMap<>();

  Health(
      Engine engine,
      EngineThreads threads,
      KernelWatch kernel,
      Publisher publisher,
      SocketServer server) {
    live.put("writer", () -> threads.areWell() ? "" : ENDED);
    live.put("programs", () -> kernel.isWell() ? "" : ENDED);
    live.put("publisher", () -> publisher.isWell() ? "" : ENDED);
    live.put("connections", () -> server.isWell() ? "" : ENDED);
    ready.put("commit", () -> Objects.requireNonNullElse(engine.storeProblem(), ""));
    ready.put("read-write", () -> engine.rules().readOnly());
    ready.putAll(live);
  }

  /** Tells of something that keeps nobody from anything, where more is asked for. */
  void note(String name, Supplier<String> text) {
    notes.put(name, text);
  }

  /** Whether changes can be made. */
  boolean isReady() {
    return ready.values().stream().allMatch(check -> check.get().isEmpty());
  }

  /** {@code /livez}. */
  HttpAnswer live(String query) {
    return answer("livez", live, Map.of(), query);
  }

  /** {@code /readyz}. */
  HttpAnswer ready(String query) {
    return answer("readyz", ready, notes, query);
  }

  /** In the form that Kubernetes gives its own: the word ok alone, unless more is asked for. */
  private static HttpAnswer answer(
      String name,
      Map<String, Supplier<String>> checks,
      Map<String, Supplier<String>> notes,
      String query) {
    Map<String, String> results = new LinkedHashMap<>();
    checks.forEach((check, problem) -> results.put(check, problem.get()));
    boolean passed = results.values().stream().allMatch(String::isEmpty);
    boolean isVerbose = Stream.of(query.split("&", -1)).anyMatch(Health::asksForMore);
    if (passed && !isVerbose) {
      return HttpAnswer.text(200, "ok\n");
    }
    String lines =
        results.entrySet().stream()
            .map(
                each ->
                    each.getValue().isEmpty()
                        ? "[+]%s ok\n".formatted(each.getKey())
                        : "[-]%s failed: %s\n".formatted(each.getKey(), each.getValue()))
            .collect(joining());
    lines +=
        notes.entrySet().stream()
            .map(each -> "[+]%s ok: %s\n".formatted(each.getKey(), each.getValue().get()))
            .collect(joining());
    return HttpAnswer.text(
        passed ? 200 : 503, "%s%s check %s\n".formatted(lines, name, passed ? "passed" : "failed"));
  }

  private static boolean asksForMore(String parameter) {
    return parameter.equals("verbose") || parameter.startsWith("verbose=");
  }
}
