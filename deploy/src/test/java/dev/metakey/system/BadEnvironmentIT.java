package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Reason;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.wire.WireErrors;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/** Directories, disks, sockets and configs that are no good: refused in one line, or survived. */
class BadEnvironmentIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void data_whenItIsAFile_isRefused() throws Exception {
    Files.writeString(host.data(), "precious");
    host.runDaemon().refuses(8, host.data().toString(), "not a directory", "--data");
    assertThat(host.data()).hasContent("precious");
  }

  @Test
  void data_whenItCannotBeWritten_isRefused() throws Exception {
    List<String> command = Requires.nobody();
    Image anywhere = host.image().copyTo(host.root().resolve("image"));
    host.use(anywhere);
    Files.createDirectory(host.data());
    Files.setPosixFilePermissions(host.data(), PosixFilePermissions.fromString("rwx------"));
    command.addAll(host.daemonCommand("--socket", host.root() + "/else/s.sock").command());
    Ran.of(host.process(command), Host.PATIENCE)
        .refuses(8, host.data().toString(), "runs as nobody", "belongs to root", "--data");
    assertThat(host.data()).isEmptyDirectory();
  }

  @Test
  void data_whenItsFileSystemIsReadOnly_isRefused() throws Exception {
    Requires.mounts();
    host.putDataIn(host.mount("readonly", "-t", "tmpfs", "-o", "ro,size=16m", "tmpfs"));
    host.runDaemon().refuses(8, host.data().toString(), "read-only", "read-write");
  }

  @Test
  void data_whenOfANewerFormat_isRefusedAndLeftAsItIs() throws Exception {
    host.start().terminate();
    setFormat(3);
    Map<String, String> before = contents(host.data());
    host.runDaemon().refuses(8, host.data().toString(), "format 3", "reads format 2");
    assertThat(contents(host.data())).as("files afterwards").isEqualTo(before);
    setFormat(2);
    host.start();
  }

  private void setFormat(int format) throws Exception {
    List<ColumnFamilyDescriptor> families = new ArrayList<>();
    String path = host.data().toString();
    try (Options options = new Options()) {
      RocksDB.listColumnFamilies(options, path)
          .forEach(family -> families.add(new ColumnFamilyDescriptor(family)));
    }
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (DBOptions options = new DBOptions();
        RocksDB rocks = RocksDB.open(options, path, families, handles)) {
      for (ColumnFamilyHandle family : handles) {
        if (new String(family.getName(), StandardCharsets.UTF_8).equals("facts")) {
          byte[] value = ByteBuffer.allocate(4).putInt(format).array();
          rocks.put(family, "format".getBytes(StandardCharsets.UTF_8), value);
        }
      }
      handles.forEach(ColumnFamilyHandle::close);
    }
  }

  /**
   * A digest of each file, except the lock: a daemon names itself there before it looks further.
   */
  private static Map<String, String> contents(Path directory) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(file -> !file.endsWith("metakeyd.lock")).toList()) {
        String content = Integer.toHexString(Arrays.hashCode(Files.readAllBytes(file)));
        digests.put(file.getFileName().toString(), content);
      }
    }
    return digests;
  }

  @Test
  void data_whenDamaged_isRecovered() throws Exception {
    host.start().terminate();
    Files.writeString(host.data().resolve("CURRENT"), "MANIFEST-999999\n");
    host.start().terminate();
    assertThat(host.data().resolve("damaged-1/CURRENT")).hasContent("MANIFEST-999999");
  }

  @Test
  void data_whenALiveDaemonHasIt_isRefused() throws Exception {
    DaemonProcess first = host.start();
    host.runDaemon("--socket", host.root() + "/else/s.sock")
        .refuses(8, host.data().toString(), "in use", Long.toString(first.pid()));
    host.cli("list").ok();
  }

  @Test
  void socket_whenALiveDaemonHasIt_isRefused() throws Exception {
    DaemonProcess first = host.start();
    host.runDaemon("--data", host.root().resolve("else").toString())
        .refuses(8, host.socket().toString(), Long.toString(first.pid()));
    host.cli("list").ok();
  }

  @Test
  void socket_whenItsPathIsTooLong_isRefused() throws Exception {
    String directory = host.root() + "/" + "d".repeat(106 - host.root().toString().length() - 3);
    String longest = directory + "/s";
    assertThat(longest).hasSize(106);
    host.runDaemon("--socket", longest + "s").refuses(8, longest + "s", "107 bytes", "106");
    host.cli("--socket", longest + "s", "list").refuses(2, longest + "s", "107 bytes", "106");
    host.closeLater(
        new DaemonProcess(
            host.daemonCommand("--socket", longest), Path.of(longest), host.root().resolve("log")));
    host.cli("--socket", longest, "--timeout", "60s", "list").ok();
  }

  @Test
  void socket_whenSomethingElseIsThere_isRefused() throws Exception {
    Files.createDirectories(host.run());
    Files.writeString(host.socket(), "precious");
    host.runDaemon().refuses(8, host.socket().toString(), "not a socket", "remove it");
    assertThat(host.socket()).hasContent("precious");
    host.cli("list").refuses(8, host.socket().toString(), "not a socket");
  }

  @Test
  void socket_whenOthersMayWriteToItsDirectory_isRefused() throws Exception {
    Files.createDirectories(host.run());
    Files.setPosixFilePermissions(host.run(), PosixFilePermissions.fromString("rwxrwxrwx"));
    host.runDaemon().refuses(8, host.run().toString(), "rwxrwxrwx", "chmod go-w");
  }

  /** A daemon of root could overwrite anything, and meets what another user put in its way. */
  @Test
  void directories_whenTheyAreAnotherUsers_areRefusedAndNothingIsOverwritten() throws Exception {
    Requires.nobody(); // so this is root
    Path secret = Files.writeString(host.root().resolve("secret"), "precious");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    Path theirs = Files.createDirectory(host.root().resolve("theirs"));
    Files.createSymbolicLink(theirs.resolve(".keys.tmp"), secret);
    Files.setAttribute(theirs, "unix:uid", 65534);

    for (String option : List.of("--run", "--data")) {
      host.runDaemon(option, theirs.resolve("inner").toString())
          .refuses(8, theirs.toString(), "uid 65534", "chown", option);
      host.runDaemon(option, theirs.toString()).refuses(8, theirs.toString(), "uid 65534");
    }
    host.runDaemon("--socket", theirs + "/s.sock").refuses(8, "uid 65534", "--socket");
    Path config = Files.writeString(theirs.resolve("metakeyd.yaml"), "");
    host.runDaemon("--check", "--config", config.toString()).refuses(2, "uid 65534", "--config");
    assertThat(secret).hasContent("precious");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
        .isEqualTo("rw-------");
    Files.createDirectories(host.data());
    Files.setPosixFilePermissions(host.data(), PosixFilePermissions.fromString("rwxrwxrwx"));
    host.runDaemon().refuses(8, host.data().toString(), "rwxrwxrwx", "chmod go-w");
  }

  @Test
  void run_whenTheUmaskForbidsAll_isReadableForEverybody() throws Exception {
    List<String> words = new ArrayList<>(List.of("sh", "-c", "umask 077; exec \"$@\"", "sh"));
    words.addAll(host.daemonCommand("--run", host.root() + "/published/x").command());
    host.closeLater(
            new DaemonProcess(host.process(words), host.socket(), host.root().resolve("log")))
        .awaitServing();
    Wiretap connection = host.connect();
    connection.register(Wiretap.field("edge.a", 2));
    connection.awaitPublished();
    for (String made : List.of("run", "published", "published/x")) {
      assertThat(mode(made)).as(made).isEqualTo("rwxr-xr-x");
    }
    assertThat(mode("published/x/keys")).isEqualTo("rw-r--r--");
    assertThat(mode("published/x/registry.bin")).isEqualTo("rw-r--r--");
    assertThat(mode("data")).isEqualTo("rwx------");
  }

  private String mode(String file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(host.root().resolve(file)));
  }

  @Test
  void config_whenWrong_isRefusedWithFileAndLine() throws Exception {
    refusesConfig(2, "'sokcet'", List.of("area: 128", "sokcet: /run/x"));
    refusesConfig(3, "'kep'", List.of("history:", "  days: 5", "  kep: 7"));
    refusesConfig(1, "100 is not a multiple of 8", List.of("area: 100"));
    refusesConfig(1, "24 to 216", List.of("area: 224"));
    refusesConfig(1, "'bits'", List.of("area: bits"));
    refusesConfig(2, "'round'", List.of("area: 128", "layout: round"));
    refusesConfig(1, "'soon'", List.of("quarantine: soon"));
    refusesConfig(1, "absolute", List.of("data: here"));
    refusesConfig(2, "twice", List.of("area: 128", "area: 64"));
    refusesConfig(2, "YAML", List.of("area: 128", "history: ]"));
    refusesConfig(1, "key: value", List.of("just words"));
    host.runDaemon("--check", "--config", "/no/such.yaml").refuses(2, "/no/such.yaml");
    host.runDaemon("--colour").refuses(2, "--colour");
  }

  private void refusesConfig(int line, String says, List<String> lines) throws Exception {
    host.configure(lines.toArray(String[]::new));
    host.runDaemon("--check").refuses(2, host.config() + ":" + line + ": ", says);
    assertThat(host.data()).doesNotExist();
  }

  @Test
  void reservations_whenWrong_areRefusedWithFileAndLine() throws Exception {
    Files.createDirectory(host.keysDirectory());
    Path file = host.keysDirectory().resolve("edge.yaml");
    Files.writeString(file, "reserve:\n  - {name: edge.a, id: 1, size: 3}\n");
    host.runDaemon("--check").refuses(2, file + ":2: ", "edge.a", "2, 4 or 8");
    Files.writeString(
        file, "reserve:\n  - {name: edge.a, id: 1, size: 8}\n  - {name: b, id: 64, size: 8}\n");
    host.runDaemon("--check").refuses(2, file + ":3: ", "0 to 63");
    Files.writeString(file, "reserve:\n  - name: edge.a\n    id: 1\n");
    host.runDaemon("--check").refuses(2, file + ":2: ", "'size' is missing");
    Files.writeString(file, "reserve:\n  - {name: Edge, id: 1, size: 8}\n");
    host.runDaemon("--check").refuses(2, file + ":2: ", "'Edge'");
  }

  @Test
  void disk_whenFull_refusesChangesServesReadsAndHealsByItself() throws Exception {
    Requires.mounts();
    Path disk = host.mount("disk", "-t", "tmpfs", "-o", "size=24m", "tmpfs");
    host.putDataIn(disk.resolve("data"));
    host.configure("area: 216");
    DaemonProcess daemon = host.start();
    Wiretap connection = host.connect();
    connection.register(Wiretap.field("edge.packet_id", 8));
    Path ballast = disk.resolve("ballast");
    fill(ballast);

    int taken = registerUntilRefused(connection);
    host.cli("register", "one.more:2").refuses(8, "full", "free some space", "nothing was changed");
    host.cli("release", "edge.packet_id").refuses(8, "full");
    assertThat(connection.registry().resolve(resolve("edge.packet_id")).getFieldsCount()).isOne();
    assertThat(connection.register(Wiretap.field("edge.packet_id", 8)).getResultsCount()).isOne();
    Ran status = host.cli("status").exits(10);
    assertThat(status.out()).contains("changes are refused", "full");
    Wiretap.refused(Reason.NOT_FOUND, () -> connection.registry().resolve(resolve("one.more")));

    long startNs = System.nanoTime();
    Files.delete(ballast);
    Host.await("changes are taken again", () -> takes(connection, "healed"));
    System.out.printf(
        "full disk: %d changes before it was noticed; healed %d ms after space was freed%n",
        taken, (System.nanoTime() - startNs) / 1_000_000);
    assertThat(host.cli("status").out()).doesNotContain("changes are refused");
    long revision =
        connection.registry().list(ListRequest.getDefaultInstance()).getRegistry().getRevision();
    daemon.kill();
    host.start();
    var after = host.connect().registry().list(ListRequest.newBuilder().setPrefix("fill.").build());
    assertThat(after.getFieldsCount()).as("answered changes").isEqualTo(Math.min(taken, 60));
    assertThat(after.getRegistry().getRevision()).isEqualTo(revision);
    host.cli("resolve", "edge.packet_id", "healed").ok();
  }

  @Test
  void disk_whenFullAtTheStart_isRefusedAndNamed() throws Exception {
    Requires.mounts();
    Path disk = host.mount("disk", "-t", "tmpfs", "-o", "size=16m", "tmpfs");
    host.putDataIn(disk.resolve("data"));
    fill(disk.resolve("ballast"));
    host.runDaemon()
        .refuses(8, host.data().toString(), "full", "free some space, and start metakeyd again");
  }

  @Test
  void descriptors_whenThereAreFarTooFew_areRefusedAndNamed() throws Exception {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -n 64; exec \"$@\"", "metakeyd"));
    command.addAll(host.daemonCommand().command());
    Ran.of(host.process(command), Host.PATIENCE).refuses(8, "64 file descriptors", "LimitNOFILE");
  }

  /** At whichever thread it is one too many: a daemon that neither serves nor ends helps nobody. */
  @ParameterizedTest
  @ValueSource(ints = {20, 22})
  void threads_whenThereMayBeTooFew_endTheStart(int threads) throws Exception {
    List<String> command = Requires.nobody();
    host.use(host.image().copyTo(host.root().resolve("image"))); // which nobody can read
    Path home = Files.createDirectory(host.root().resolve("home"));
    Files.setAttribute(home, "unix:uid", 65534);
    command.addAll(List.of("prlimit", "--nproc=" + threads));
    command.addAll(
        host.daemonCommand(
                "--socket",
                home.resolve("run/s").toString(),
                "--data",
                home.resolve("data").toString(),
                "--run",
                home.resolve("run").toString())
            .command());
    Ran ran = Ran.of(host.process(command), Host.PATIENCE);
    assertThat(ran.exit()).isNotZero();
    assertThat(ran.err())
        .containsAnyOf("TasksMax", "Resource temporarily unavailable", "native thread");
  }

  private static void fill(Path file) throws IOException {
    byte[] block = new byte[4096];
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left");
    }
  }

  /** Changes for which the log still has room are taken. Returns how many these were. */
  private static int registerUntilRefused(Wiretap connection) {
    for (int taken = 0; taken < 100_000; taken++) {
      String name = "fill.n" + taken % 60;
      try {
        if (taken >= 60) {
          connection.release(name);
        }
        connection.register(Wiretap.field(name, 2));
      } catch (StatusRuntimeException e) {
        assertThat(WireErrors.fromStatus(e).reason()).isEqualTo(Reason.STORE_FAILED);
        return taken;
      }
    }
    throw new AssertionError("the disk is never full");
  }

  private static boolean takes(Wiretap connection, String name) {
    try {
      connection.register(Wiretap.field(name, 2));
      return true;
    } catch (StatusRuntimeException e) {
      assertThat(WireErrors.fromStatus(e).reason()).isEqualTo(Reason.STORE_FAILED);
      return false;
    }
  }

  private static ResolveRequest resolve(String name) {
    return ResolveRequest.newBuilder().addNames(name).build();
  }

  @Test
  void jna_whenItsLibraryIsMissing_isAProblemAndTheRestWorks() throws Exception {
    host.set(
        "METAKEY_JAVA_OPTS",
        "-Djna.boot.library.path=/nowhere -Djna.nosys=true -Djna.noclasspath=true");
    host.start("--bpffs", host.root().resolve("bpf").toString());

    host.cli("register", "edge.zone:2", "--service", "edge").ok();
    Host.await(
        "it is said once more", // by then the first try is over, which alone knows the cause
        () -> host.cli("status").out().contains("bpf/tag cannot be published"));
    assertThat(host.cli("status").out())
        .contains("JNA's native library cannot be loaded", "mend lib/")
        .doesNotContain("defect", "Libc", "initialize");
    assertThat(Files.readString(host.root().resolve("metakeyd.log")))
        .doesNotContain("defect", "Libc", "initialize", "\tat ");
  }

  @Test
  void publishedFiles_whenTheyCannotBeWritten_areReportedAndHeal() throws Exception {
    Path published = host.root().resolve("published");
    host.start("--run", published.toString());
    Wiretap connection = host.connect();
    connection.register(Wiretap.field("edge.a", 2));
    connection.awaitPublished(); // and nobody writes there
    Host.delete(published);
    Files.writeString(published, "in the way");
    connection.register(Wiretap.field("edge.b", 2));
    String problem = published.resolve("keys") + " cannot be published";
    Host.await("status says so", () -> host.cli("status").out().contains(problem));
    host.cli("status").exits(10);
    Files.delete(published); // the daemon makes the directory itself
    Host.await("it heals", () -> host.cli("status").exit() == 0);
    connection.awaitPublished();
    assertThat(published.resolve("keys")).content().contains("edge.a", "edge.b");
  }
}
