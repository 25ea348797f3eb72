package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Processes that this one starts, in a temporary directory, and ends when it ends. Their output is
 * in the directory's file {@code log}.
 */
final class Children implements AutoCloseable {
  private static final long END_S = 20;
  private static final int LAST_LINES = 20;

  private final List<Process> started = new CopyOnWriteArrayList<>();
  private final Path scratch;

  /**
   * @param scratch where they run, and write temporary files; the caller removes it
   */
  Children(Path scratch) {
    this.scratch = scratch;
    Runtime.getRuntime().addShutdownHook(new Thread(this::kill, "end-children"));
  }

  /** The command for a main class of this build, in a JVM with these options. */
  List<String> java(List<String> jvmOptions, String main, List<String> args) {
    List<String> command = new ArrayList<>(List.of(javaLauncher()));
    command.addAll(jvmOptions);
    command.add("-Djava.io.tmpdir=" + scratch); // RocksDB unpacks its library there
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(args);
    return command;
  }

  static String javaLauncher() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  Process run(Path directory, Map<String, String> environment, List<String> command)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    ProcessBuilder.Redirect log = ProcessBuilder.Redirect.appendTo(log().toFile());
    builder.redirectOutput(log).redirectError(log);
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /** A program that reads its orders from a pipe, and answers through another. */
  Process piped(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(scratch.toFile())
            .redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    started.add(process);
    return process;
  }

  private Path log() {
    return scratch.resolve("log");
  }

  String lastLines() throws IOException {
    List<String> all = Files.readAllLines(log());
    return String.join("\n", all.subList(Math.max(0, all.size() - LAST_LINES), all.size()));
  }

  /** The processes that run. */
  List<ProcessHandle> running() {
    return started.stream().filter(Process::isAlive).map(Process::toHandle).toList();
  }

  /**
   * Ends a process and waits until it has ended: in order or, after {@value #END_S} s, by force.
   */
  void end(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(END_S, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    started.remove(process);
  }

  @Override
  public void close() throws InterruptedException {
    started.forEach(Process::destroy);
    for (Process process : started) {
      end(process);
    }
  }

  private void kill() {
    started.forEach(Process::destroyForcibly);
  }
}
