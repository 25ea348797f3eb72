package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A daemon that was started from the image. */
final class DaemonProcess implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(30);

  private final Process process;
  private final Path socket;
  private final Path log;

  /**
   * @param log where its stderr goes
   */
  DaemonProcess(ProcessBuilder command, Path socket, Path log) throws IOException {
    this.socket = socket;
    this.log = log;
    this.process =
        command
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** All that this daemon, and those before it on this host, logged. */
  String log() throws IOException {
    return Files.readString(log);
  }

  /** Waits until somebody can connect. */
  DaemonProcess awaitServing() throws Exception {
    long endNs = System.nanoTime() + START.toNanos();
    while (!serves()) {
      assertThat(process.isAlive()).as("metakeyd runs; it said:%n%s", log()).isTrue();
      assertThat(System.nanoTime())
          .as("metakeyd serves within %s: %s", START, log())
          .isLessThan(endNs);
      Thread.sleep(5);
    }
    return this;
  }

  boolean serves() {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException notYet) {
      return false;
    }
  }

  /** Ends it without warning: {@code kill -9}. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM; returns the exit code. */
  int terminate() throws Exception {
    process.destroy();
    return awaitExit();
  }

  /** Sends SIGTERM and goes on. */
  void askToStop() {
    process.destroy();
  }

  int awaitExit() throws Exception {
    boolean ended = process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS);
    assertThat(ended).as("metakeyd ends within %s: %s", STOP, log()).isTrue();
    return process.exitValue();
  }

  void signal(String name) throws Exception {
    Ran.of(new ProcessBuilder("kill", "-" + name, Long.toString(pid())), STOP).ok();
  }

  /** As {@code /proc/PID/stat} has it: {@code S} sleeps, {@code T} is stopped. */
  String state() throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid()), "stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[0];
  }

  /** A line of {@code /proc/PID/status} in kB, like VmRSS. */
  long memoryKb(String line) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(pid()), "status")).stream()
        .filter(l -> l.startsWith(line + ":"))
        .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
