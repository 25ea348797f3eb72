package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.UncheckedExecutionException;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.ResolveRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Clients change and read the registry, and watchers follow, while one fault after the other
 * befalls the daemon: nothing that was answered is lost, it serves after each of them, and what it
 * holds stays the same. By default each fault comes once; {@code -Dmetakey.soakMinutes=60} goes on
 * for an hour, in which nine faults end the daemon, and prints what it holds each minute.
 */
class SoakIT {
  private static final long ALL_NS =
      TimeUnit.MINUTES.toNanos(Integer.getInteger("metakey.soakMinutes", 0));
  private static final int LIVES = 9;
  private static final int CLIENTS = 4;
  private static final int NAMES_EACH = 11;
  private static final int PROBES = 16;
  private static final int FOLLOWERS = 2;
  private static final int LIFE_MS = ALL_NS == 0 ? 200 : 2_000;
  private static final int FAULT_MS = 500;

  /** What befalls the daemon. */
  private enum Fault {
    STOPPED,
    DISK_FULL,
    DISK_HANGS,
    WRONG_CONFIG,
    BACKUP,
    DYING_CLIENTS,
    KILLED,
    POWER_LOSS,
    READ_ONLY
  }

  /** After these the daemon has to be started anew. */
  private static final List<Fault> FATAL = List.of(Fault.KILLED, Fault.POWER_LOSS, Fault.READ_ONLY);

  private static final List<Fault> SURVIVED =
      Stream.of(Fault.values()).filter(fault -> !FATAL.contains(fault)).toList();

  @RegisterExtension final Host host = new Host();

  private final Ledger ledger = new Ledger(CLIENTS, NAMES_EACH, Seed.random("soak"));
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<Fault, Outages> outages = new EnumMap<>(Fault.class);
  private final long startNs = System.nanoTime();
  private Path image;
  private Path disk;
  private DaemonProcess daemon;
  private volatile boolean stopping;
  private long lastPrintedMinute = -1;

  @AfterEach
  void stop() {
    stopping = true;
    threads.shutdownNow();
  }

  @Test
  void daemon_whenEveryFaultComesUnderLoad_losesNothingAndHoldsNoMore() throws Exception {
    Requires.loopDevices();
    Requires.nobody();
    Requires.program("fsfreeze");
    configure();
    makeDisk();
    daemon = host.start();
    RegistryInfo first = check();
    List<Follower> followers = new ArrayList<>();
    List<Future<?>> readers = new ArrayList<>();
    for (int i = 0; i < FOLLOWERS; i++) {
      Follower follower =
          new Follower(() -> new Wiretap(host.socket(), "f"), first.getRegistryId(), ledger);
      followers.add(follower);
      readers.add(threads.submit(follower));
    }
    readers.add(threads.submit(this::read));
    int rounds = 0;
    int lives = 0;
    do {
      boolean isNext =
          ALL_NS == 0
              ? rounds >= SURVIVED.size()
              : System.nanoTime() - startNs > ALL_NS / LIVES * (lives + 1);
      round(isNext ? FATAL.get(lives++ % FATAL.size()) : SURVIVED.get(rounds % SURVIVED.size()));
      rounds++;
      print(rounds);
      for (Future<?> reader : readers) {
        if (reader.isDone()) {
          reader.get(); // throws what the thread threw
        }
      }
    } while (ALL_NS == 0 ? rounds < Fault.values().length : lives < LIVES);
    RegistryInfo last = check();
    for (Follower follower : followers) {
      Host.await(
          "a follower is told all of " + last, () -> follower.revision() == last.getRevision());
      follower.stop();
    }
    stop();
    Host.await("only the daemon's own sockets are open", () -> held().sockets() <= 2);
    System.out.printf(
        "soak: %d rounds, %d answered changes, none lost; last %s%n",
        rounds, ledger.answers(), held());
    outages.forEach((fault, times) -> System.out.printf("soak: %s: %s%n", words(fault), times));
  }

  private static String words(Fault fault) {
    return fault.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private void configure(String... more) throws IOException {
    List<String> lines = new ArrayList<>(List.of("area: 216", "history: {keep: 20000}"));
    lines.addAll(List.of(more));
    host.configure(lines.toArray(String[]::new));
  }

  private void makeDisk() throws Exception {
    image = host.root().resolve("disk.img");
    run("truncate", "-s", "128M", image.toString());
    run("mkfs.ext4", "-q", "-F", image.toString());
    disk = host.mount("disk", "-o", "loop,errors=remount-ro", image.toString());
    host.putDataIn(disk.resolve("data"));
  }

  /** Changes the registry for a while, with a fault in the midst of it, and compares. */
  private void round(Fault fault) throws Exception {
    long before = ledger.answers();
    List<Wiretap> connections = new ArrayList<>();
    List<Future<?>> atWork = new ArrayList<>();
    ledger.listen(true);
    for (Ledger.Client client : ledger.clients()) {
      Wiretap connection = new Wiretap(host.socket(), "soak");
      connections.add(connection);
      atWork.add(threads.submit(() -> client.run(connection)));
    }
    Host.await("the first answer", () -> ledger.answers() > before);
    Thread.sleep(LIFE_MS);
    long overNs = befall(fault);
    awaitChange();
    outages.computeIfAbsent(fault, any -> new Outages()).over(overNs);
    ledger.listen(false); // the clients stop
    for (Future<?> client : atWork) {
      client.get(Wiretap.CALL_S, TimeUnit.SECONDS);
    }
    connections.forEach(Wiretap::close);
    check();
  }

  private RegistryInfo check() {
    try (Wiretap connection = new Wiretap(host.socket(), "ledger")) {
      return ledger.check(connection);
    }
  }

  /** Returns when the fault was over. */
  private long befall(Fault fault) throws Exception {
    switch (fault) {
      case STOPPED -> {
        daemon.signal("STOP");
        Thread.sleep(FAULT_MS);
        long overNs = System.nanoTime();
        daemon.signal("CONT");
        return overNs;
      }
      case DISK_FULL -> {
        Path ballast = disk.resolve("ballast");
        Host.await(60, "a change is refused", () -> isFull(ballast));
        long overNs = System.nanoTime();
        Files.delete(ballast);
        return overNs;
      }
      case DISK_HANGS -> {
        run("fsfreeze", "-f", disk.toString());
        Thread.sleep(FAULT_MS);
        long overNs = System.nanoTime();
        run("fsfreeze", "-u", disk.toString());
        return overNs;
      }
      case WRONG_CONFIG -> {
        configure("nosuchkey: 1");
        host.program("reload").refuses(2, "nosuchkey");
        configure();
        host.program("reload").ok();
      }
      case BACKUP -> {
        Path backup = host.root().resolve("backup");
        host.cli("backup", backup.toString()).ok();
        assertThat(host.cli("restore", backup.toString(), "--nothing-loaded").exit()).isIn(0, 11);
        Files.delete(backup);
      }
      case DYING_CLIENTS -> {
        Process idle = IdleConnections.asNobody(host.socket(), 100).start();
        Process watch = host.cliCommand("watch").start();
        Process wait = host.cliCommand("id", "never.there", "--wait", "1h").start();
        assertThat(watch.inputReader().readLine()).isNotNull();
        assertThat(idle.inputReader().readLine()).isNotNull();
        for (Process process : List.of(idle, watch, wait)) {
          process.destroyForcibly().waitFor();
        }
      }
      case KILLED -> {
        daemon.kill();
        return restart();
      }
      case POWER_LOSS -> {
        ledger.listen(false); // see PowerLossIT
        run("perl", "-e", PowerLossIT.SHUT_DOWN, disk.toString());
        return repair();
      }
      case READ_ONLY -> {
        ledger.listen(false);
        String device =
            Ran.of(command("findmnt", "-no", "SOURCE", disk.toString()), Host.PATIENCE).ok().out();
        Path name = Path.of(device.strip()).getFileName();
        Files.writeString(
            Path.of("/sys/fs/ext4").resolve(name).resolve("trigger_fs_error"), "soak");
        Host.await("changes are refused", () -> !takesChanges());
        return repair();
      }
    }
    return System.nanoTime();
  }

  private long restart() throws Exception {
    long deadNs = System.nanoTime();
    daemon = host.start();
    return deadNs;
  }

  private long repair() throws Exception {
    daemon.kill();
    host.unmount(disk);
    PowerLossIT.forgetSuperblock(image);
    assertThat(Ran.of(command("e2fsck", "-fy", image.toString()), Host.PATIENCE).exit()).isIn(0, 1);
    run("mount", "-o", "loop,errors=remount-ro", image.toString(), disk.toString());
    return restart();
  }

  private void awaitChange() throws Exception {
    Host.await(60, "changes are taken", this::takesChanges);
  }

  private boolean takesChanges() {
    try (Wiretap connection = new Wiretap(host.socket(), "probe")) {
      change(connection);
      return true;
    } catch (StatusRuntimeException | UncheckedExecutionException refused) {
      return false;
    }
  }

  /** Reads all that can be read, again and again. */
  private void read() {
    while (!stopping) {
      try (Wiretap connection = new Wiretap(host.socket(), "reader")) {
        while (!stopping) {
          connection.registry().list(ListRequest.getDefaultInstance());
          connection.admin().listHistory(ListHistoryRequest.newBuilder().setLimit(100).build());
          connection.registry().resolve(ResolveRequest.newBuilder().addNames("client0.n0").build());
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
      } catch (StatusRuntimeException gone) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  /** Files that the database has made beforehand, or no longer needs, give it room for a while. */
  private boolean isFull(Path ballast) throws IOException {
    fill(ballast);
    try (Wiretap connection = new Wiretap(host.socket(), "probe")) {
      for (int i = 0; i < 20; i++) {
        change(connection);
      }
      return false;
    } catch (StatusRuntimeException | UncheckedExecutionException refused) {
      return true;
    }
  }

  /** Changes that take much room. */
  private static void change(Wiretap connection) {
    FieldSpec[] probes = new FieldSpec[PROBES];
    for (int i = 0; i < PROBES; i++) {
      probes[i] = Wiretap.field("probe" + i, 2).toBuilder().setDescription("d".repeat(255)).build();
    }
    connection.register(probes);
    List<Future<ReleaseResponse>> releases = new ArrayList<>();
    for (int i = 0; i < PROBES; i++) {
      ReleaseRequest request = ReleaseRequest.newBuilder().setName("probe" + i).build();
      releases.add(connection.futures().release(request));
    }
    for (Future<ReleaseResponse> release : releases) {
      Futures.getUnchecked(release); // else they would go on while the ledger is checked
    }
  }

  private static void fill(Path file) throws IOException {
    for (int block : new int[] {1 << 20, 4096}) {
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        while (true) {
          out.write(new byte[block]);
        }
      } catch (IOException full) {
        assertThat(full).hasMessageContaining("No space left");
      }
    }
  }

  private static ProcessBuilder command(String... command) {
    return new ProcessBuilder(command);
  }

  private static void run(String... command) throws Exception {
    Ran.of(command(command), Host.PATIENCE).ok();
  }

  /** What the daemon holds; memory as {@code smaps_rollup} has it. */
  private record Held(
      long rssKb, long pssKb, int descriptors, int sockets, int threads, long dataKb) {
    @Override
    public String toString() {
      return "RSS %.1f MB, Pss %.1f MB, %d descriptors, %d threads, %.1f MB of data"
          .formatted(rssKb / 1024.0, pssKb / 1024.0, descriptors, threads, dataKb / 1024.0);
    }
  }

  private void print(int rounds) throws Exception {
    long minute = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime() - startNs);
    if (minute > lastPrintedMinute) {
      lastPrintedMinute = minute;
      System.out.printf(
          "soak: minute %d: round %d, %d answered changes, daemon %d: %s%n",
          minute, rounds, ledger.answers(), daemon.pid(), held());
    }
  }

  private Held held() throws Exception {
    Path process = Path.of("/proc", Long.toString(daemon.pid()));
    List<String> memory = Files.readAllLines(process.resolve("smaps_rollup"));
    return new Held(
        kb(memory, "Rss"),
        kb(memory, "Pss"),
        count(process.resolve("fd")),
        sockets(process.resolve("fd")),
        count(process.resolve("task")),
        Long.parseLong(
            Ran.of(command("du", "-sk", host.data().toString()), Host.PATIENCE)
                .out()
                .split("\t", 2)[0]));
  }

  private static long kb(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static int sockets(Path descriptors) throws IOException {
    int sockets = 0;
    try (Stream<Path> files = Files.list(descriptors)) {
      for (Path file : files.toList()) {
        sockets += isSocket(file) ? 1 : 0;
      }
    }
    return sockets;
  }

  private static boolean isSocket(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (NoSuchFileException closedMeanwhile) {
      return false;
    }
  }

  private static int count(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return (int) files.count();
    }
  }
}
