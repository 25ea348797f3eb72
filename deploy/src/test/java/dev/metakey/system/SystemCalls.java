package dev.metakey.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The system calls that the daemon's own threads make, as strace sees them. What depends on timing
 * is left out: the JVM's own threads, which compile and collect at any time, threads that wait for
 * each other, and memory.
 */
final class SystemCalls implements AutoCloseable {
  private static final String OURS = "registry-";

  private static final Set<String> BY_CHANCE =
      Set.of("futex", "restart_syscall", "gettid", "mmap", "munmap", "mprotect", "madvise", "brk");

  /** Thread, name, file of the first argument, and the rest of the line. */
  private static final Pattern BEGUN = Pattern.compile("(\\d+) +(\\w+)\\((?:\\d+<([^>]*)>)?(.*)");

  private static final Pattern RESUMED = Pattern.compile("(\\d+) +<\\.\\.\\. \\w+ resumed>(.*)");
  private static final Pattern RESULT = Pattern.compile(".* = (-?\\d+).*");

  private final Process strace;
  private final Path trace;
  private final Map<String, String> threads;

  /**
   * One call.
   *
   * @param thread who called, as the kernel cuts its name: 15 characters
   * @param file what its first argument is a descriptor of; empty if it is not a descriptor
   * @param result negative: it failed, or had not returned
   */
  record Call(String thread, String name, String file, long result) {
    boolean isOn(Path path) {
      return file.equals(path.toString());
    }

    boolean isSync() {
      return name.equals("fsync") || name.equals("fdatasync");
    }

    boolean isWrite() {
      return name.startsWith("write") || name.startsWith("pwrite");
    }
  }

  private SystemCalls(Process strace, Path trace, Map<String, String> threads) {
    this.strace = strace;
    this.trace = trace;
    this.threads = threads;
  }

  /** Begins to record; returns when no call can be missed any more. */
  static SystemCalls of(Host host, DaemonProcess daemon) throws Exception {
    Requires.program("strace");
    Path trace = host.root().resolve("trace");
    String pid = Long.toString(daemon.pid());
    Process strace =
        host.process(List.of("strace", "-f", "-y", "-s", "0", "-o", trace.toString(), "-p", pid))
            .redirectErrorStream(true)
            .redirectOutput(host.root().resolve("strace.log").toFile())
            .start();
    SystemCalls made = host.closeLater(new SystemCalls(strace, trace, new HashMap<>()));
    Host.await(
        "strace at all threads of metakeyd", () -> isTraced(daemon.pid()) || !strace.isAlive());
    assumeTrue(strace.isAlive(), "missing: the right to attach strace to a process");
    made.threads.putAll(ProcessThreads.read(daemon.pid(), "comm"));
    return made;
  }

  private static boolean isTraced(long pid) throws IOException {
    return ProcessThreads.read(pid, "status").values().stream()
        .noneMatch(status -> status.contains("TracerPid:\t0\n"));
  }

  /** Stops recording. Returns the calls in the order in which they began. */
  List<Call> stop() throws Exception {
    close();
    List<Call> calls = new ArrayList<>();
    Map<String, Integer> open = new HashMap<>();
    for (String line : Files.readAllLines(trace)) {
      Matcher begun = BEGUN.matcher(line);
      Matcher resumed = RESUMED.matcher(line);
      if (begun.matches() && thread(begun.group(1)).startsWith(OURS)) {
        if (BY_CHANCE.contains(begun.group(2))) {
          open.remove(begun.group(1));
          continue;
        }
        open.put(begun.group(1), calls.size());
        String file = begun.group(3) == null ? "" : begun.group(3);
        String thread = thread(begun.group(1));
        calls.add(new Call(thread, begun.group(2), file, result(begun.group(4))));
      } else if (resumed.matches() && open.containsKey(resumed.group(1))) {
        int at = open.get(resumed.group(1));
        Call call = calls.get(at);
        calls.set(at, new Call(call.thread(), call.name(), call.file(), result(resumed.group(2))));
      }
    }
    return calls;
  }

  private String thread(String id) {
    return threads.getOrDefault(id, "").strip();
  }

  private static long result(String text) {
    Matcher result = RESULT.matcher(text);
    return result.matches() ? Long.parseLong(result.group(1)) : -1;
  }

  /** The calls that fulfil a condition. */
  static List<Call> only(List<Call> calls, Predicate<Call> which) {
    return calls.stream().filter(which).toList();
  }

  static long count(List<Call> calls, Predicate<Call> which) {
    return calls.stream().filter(which).count();
  }

  static long bytes(List<Call> calls, Predicate<Call> which) {
    return calls.stream().filter(which).mapToLong(call -> Math.max(0, call.result())).sum();
  }

  /** How often each was called, for messages. */
  static Map<String, Long> byName(List<Call> calls) {
    return calls.stream().collect(Collectors.groupingBy(Call::name, Collectors.counting()));
  }

  @Override
  public void close() throws Exception {
    strace.destroy(); // it detaches from the daemon
    strace.waitFor();
  }
}
