package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The daemon under a service manager: what it tells on the notify socket, where Python listens in
 * the place of systemd, and what systemd's own tools say about the unit.
 */
class ServiceManagerIT {
  /** Makes a socket of the name in argv[1], and writes each message to argv[2] as a line. */
  private static final String LISTENER =
      """
      import socket, sys
      name, log = sys.argv[1:]
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.bind('\\0' + name[1:] if name[0] == '@' else name)
      with open(log, 'w', buffering=1) as f:
          f.write('listening\\n')
          while True:
              f.write(s.recv(4096).decode().replace('\\n', ' ') + '\\n')
      """;

  @RegisterExtension final Host host = new Host();

  private static Path unit() {
    return Image.built().root().resolve("share/metakey/systemd/metakeyd.service");
  }

  @Test
  void notifySocket_whenDaemonServesReloadsAndStops_isToldInThisOrder() throws Exception {
    Path told = listen(host.root().resolve("notify").toString());
    DaemonProcess daemon = host.start();
    await(told, "READY=1");
    assertThat(host.run().resolve("registry.bin")).exists();
    await(told, "STATUS=Serves, and takes changes.");

    host.cli("read-only", "on").ok();
    await(told, "STATUS=Answers what is known");
    host.cli("reload").ok();
    await(told, "RELOADING=1 MONOTONIC_USEC=\\d+");
    assertThat(daemon.terminate()).isZero();
    await(told, "STOPPING=1");

    assertThat(Files.readAllLines(told).stream().filter(line -> !line.startsWith("STATUS=")))
        .satisfiesExactly(
            line -> assertThat(line).isEqualTo("listening"),
            line -> assertThat(line).isEqualTo("READY=1"),
            line -> assertThat(line).startsWith("RELOADING=1"),
            line -> assertThat(line).isEqualTo("READY=1"),
            line -> assertThat(line).startsWith("STOPPING=1"));
  }

  @Test
  void notifySocket_whileItStarts_isToldOfEachStepAndAskedForTime() throws Exception {
    Path told = listen(host.root().resolve("notify").toString());
    host.start();
    await(told, "STATUS=Serves, and takes changes.");
    assertThat(Files.readAllLines(told).stream().filter(line -> line.contains("Starting")))
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith("STATUS=Starting: metakeyd reads the registry in ")
                    .endsWith(" EXTEND_TIMEOUT_USEC=60000000"),
            line -> assertThat(line).contains("looks at loaded programs EXTEND_TIMEOUT_USEC="),
            line -> assertThat(line).contains("publishes what it knows EXTEND_TIMEOUT_USEC="));
  }

  @Test
  void notifySocket_whenTheDiskHangsDuringTheStart_isAskedForNoMoreTime() throws Exception {
    Requires.mounts();
    Requires.loopDevices();
    Requires.program("fsfreeze");
    String image = host.root().resolve("disk.img").toString();
    run("truncate", "-s", "64M", image);
    run("mkfs.ext4", "-q", "-F", image);
    Path disk = host.mount("disk", "-o", "loop", image);
    host.putDataIn(Files.createDirectory(disk.resolve("lib")).resolve("data"));
    Path told = listen(host.root().resolve("notify").toString());
    run("fsfreeze", "-f", disk.toString());
    try {
      host.launch();
      await(told, "STATUS=.* and nothing was read or written lately$");
    } finally {
      run("fsfreeze", "-u", disk.toString());
    }
    await(told, "READY=1");
  }

  private static void run(String... command) throws Exception {
    Ran.of(new ProcessBuilder(command), Host.PATIENCE).ok();
  }

  @Test
  void notifySocket_whenItsNameIsAbstract_isToldToo() throws Exception {
    Path told = listen("@metakey-it-" + host.root().getFileName());
    host.start();
    await(told, "READY=1");
  }

  @Test
  void watchdog_whenNobodyAsks_isFedByTheWriter() throws Exception {
    host.set("WATCHDOG_USEC", "4000000");
    Path told = listen(host.root().resolve("notify").toString());
    host.start();
    await(told, "WATCHDOG=1");
  }

  @Test
  void unit_whenSystemdAnalyzesIt_isCleanAndExposesLittle() throws Exception {
    assumeTrue(Requires.isInstalled("systemd-analyze"), "missing: systemd-analyze (systemd)");
    Ran security =
        Ran.of(
            new ProcessBuilder(
                "systemd-analyze",
                "security",
                "--offline=true",
                "--threshold=30",
                "--no-pager",
                unit().toString()),
            Host.PATIENCE);
    assertThat(security.exit()).as(security.out()).isZero();

    // It wants to find the program.
    Path here = host.root().resolve("metakeyd.service");
    String program = Image.built().root().resolve("bin").toString();
    Files.writeString(here, Files.readString(unit()).replace("/usr/bin", program));
    Ran verified =
        Ran.of(
            new ProcessBuilder("systemd-analyze", "verify", "--man=no", here.toString()),
            Host.PATIENCE);
    assertThat(verified.exit()).as(verified.err()).isZero();
    assertThat(List.of(verified.out(), verified.err()))
        .noneMatch(text -> text.contains("metakeyd"));
  }

  private Path listen(String name) throws Exception {
    assumeTrue(Requires.isInstalled("python3"), "missing: python3");
    Path told = host.root().resolve("told");
    Process listener =
        new ProcessBuilder("python3", "-c", LISTENER, name, told.toString()).inheritIO().start();
    host.closeLater(listener::destroyForcibly);
    await(told, "listening");
    host.set("NOTIFY_SOCKET", name);
    return told;
  }

  /** Waits for a line that begins like this. */
  private static void await(Path told, String begin) throws Exception {
    Pattern line = Pattern.compile("(?m)^" + begin);
    Host.await(begin, () -> Files.exists(told) && line.matcher(Files.readString(told)).find());
  }
}
