package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Processes that this one starts, and ends when it ends. Their output is this one's stderr. */
final class Children implements AutoCloseable {
  private static final long START_S = 20;

  private final List<Process> started = new ArrayList<>();

  private final Path scratch;

  /**
   * @param scratch for their temporary files; the caller removes it
   */
  Children(Path scratch) {
    this.scratch = scratch;
    Runtime.getRuntime().addShutdownHook(new Thread(this::kill, "end-children"));
  }

  /** Starts a main class of this build in a JVM with these options. */
  Process java(List<String> jvmOptions, String main, List<String> args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.add("-Djava.io.tmpdir=" + scratch); // RocksDB unpacks its library there
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(args);
    return run(command);
  }

  Process run(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "1"); // as the daemon's launcher does
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /**
   * @throws IOException if the process ends, or its socket is not there after {@value #START_S} s
   */
  static void awaitSocket(Process process, Path socket) throws IOException, InterruptedException {
    long giveUpNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_S);
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() > giveUpNs) {
        throw new IOException(
            "%s does not serve on %s; see above for why"
                .formatted(process.info().commandLine().orElse("the process"), socket));
      }
      Thread.sleep(10);
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (Process process : started) {
      process.destroy();
    }
    for (Process process : started) {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  private void kill() {
    started.forEach(Process::destroyForcibly);
  }
}
