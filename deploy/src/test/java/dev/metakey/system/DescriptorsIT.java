package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * File descriptors that run out: another user opens as many connections as it can, and opens each
 * anew that is closed. An honest client is served, and nothing spins.
 */
class DescriptorsIT {
  private static final int OTHERS = 250;

  /** When they have so many, no descriptor is left, and they go on wanting more. */
  private static final int MANY = 200;

  private static final long WHILE_S = 5;

  /** A thread that spins uses 500 in five seconds. */
  private static final long MOST_TICKS = 150;

  /** What a daemon may have open for a moment, to read something. */
  private static final int READING = 5;

  @RegisterExtension final Host host = new Host();

  @Test
  void daemon_whenFewDescriptorsAreAllowed_hasFewerConnections() throws Exception {
    List<String> command = new ArrayList<>(List.of("prlimit", "--nofile=320:320", "--"));
    command.addAll(host.daemonCommand().command());
    DaemonProcess daemon = host.launch(host.process(command)).awaitServing();
    try (Followed others = flood()) {
      for (int i = 0; i < 20; i++) {
        serveHonest(i);
      }
      others.awaitMore();
      String status = host.cli("status", "-o", "wide").ok().out(); // no problem is listed
      assertThat(status).containsPattern("limit +connections: \\d+ of 64;");
    }
    assertThat(daemon.log()).contains("64 connections at most, not 1024");
  }

  @Test
  void daemon_whenNoDescriptorIsLeft_dropsIdleOnesOfTheBiggestUserAndDoesNotSpin()
      throws Exception {
    assumeTrue(Requires.isInstalled("prlimit"), "missing: prlimit (util-linux)");
    DaemonProcess daemon = host.start();
    serveHonest(0);
    Host.await("only the daemon's own are open", () -> descriptors(daemon).sockets() <= 2);
    Open before = descriptors(daemon);
    try (Followed others = flood()) {
      Host.await("others have many", () -> descriptors(daemon).sockets() >= MANY);
      limit(daemon, descriptors(daemon).next() + ":");

      long ticks = acceptTicks(daemon);
      long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(WHILE_S);
      int served = 0;
      while (System.nanoTime() < endNs) {
        serveHonest(++served % 20);
      }
      assertThat(acceptTicks(daemon) - ticks)
          .as("CPU time of the thread that accepts, in hundredths of a second")
          .isLessThan(MOST_TICKS);
      assertThat(daemon.log()).contains("there is no file descriptor for one more connection");
      limit(daemon, "10000:");
      others.awaitMore();
    }
    Host.await(
        "what others had is free again",
        () -> descriptors(daemon).count() <= before.count() + READING);
    host.cli("status").ok();
  }

  private void serveHonest(int number) throws Exception {
    try (Wiretap honest = new Wiretap(host.socket(), "edge")) {
      honest.register(Wiretap.field("edge.n" + number, 2));
    }
  }

  private Followed flood() throws Exception {
    return new Followed(IdleConnections.asNobody(host.socket(), OTHERS).start());
  }

  /** The others, who are gone when this is closed. */
  private record Followed(Process process) implements AutoCloseable {
    /** Waits until they have looked at all of their connections once more. */
    void awaitMore() throws IOException {
      process.getInputStream().skipNBytes(process.getInputStream().available());
      assertThat(process.inputReader().readLine()).isNotNull();
      assertThat(process.inputReader().readLine()).isNotNull();
    }

    @Override
    public void close() throws Exception {
      process.destroyForcibly().waitFor();
    }
  }

  private static void limit(DaemonProcess daemon, String most) throws Exception {
    String pid = Long.toString(daemon.pid());
    Ran.of(new ProcessBuilder("prlimit", "--pid", pid, "--nofile=" + most), Host.PATIENCE).ok();
  }

  /**
   * The descriptors of a process.
   *
   * @param next above all of them
   */
  private record Open(int count, int sockets, int next) {}

  private static Open descriptors(DaemonProcess daemon) throws IOException {
    int count = 0;
    int sockets = 0;
    int next = 0;
    try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(daemon.pid()), "fd"))) {
      for (Path descriptor : all.toList()) {
        count++;
        next = Math.max(next, Integer.parseInt(descriptor.getFileName().toString()) + 1);
        if (isSocket(descriptor)) {
          sockets++;
        }
      }
    }
    return new Open(count, sockets, next);
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException closed) {
      return false;
    }
  }

  /** How much CPU time the thread that accepts has used, in hundredths of a second. */
  private static long acceptTicks(DaemonProcess daemon) throws IOException {
    for (String stat : ProcessThreads.read(daemon.pid(), "stat").values()) {
      if (stat.contains("(registry-accep")) { // names have 15 characters at most
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
      }
    }
    throw new AssertionError("no thread accepts");
  }
}
