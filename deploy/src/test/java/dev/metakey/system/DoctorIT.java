package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What {@code metakey doctor} finds on a real host, where each thing is made wrong. The clock is
 * the host's own and is not set back here, and no kernel is old: DoctorTest has those.
 */
class DoctorIT {
  @RegisterExtension final Host host = new Host();
  private Path backups;

  @BeforeEach
  void configure() throws Exception {
    Requires.root();
    host.configure("programs: none");
    backups = Files.createDirectory(host.root().resolve("backups"));
    Files.createFile(backups.resolve("newest"));
    host.set("COLUMNS", "80"); // which does not matter, as it prints to a file
  }

  private static List<String> words(Path config, Path backups) {
    return List.of("doctor", "--config", config.toString(), "--backups", backups.toString());
  }

  private Ran doctor() throws Exception {
    return host.program(words(host.config(), backups).toArray(String[]::new));
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  @Test
  void doctor_whenAllIsWell_exits0() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.a:8").ok();

    Ran well = doctor();

    assertThat(well.exit()).as(well.toString()).isZero();
    assertThat(well.out())
        .contains(
            "ok    daemon        metakeyd ",
            "pid " + daemon.pid(),
            "ok    socket        " + host.socket() + ", rw-rw-rw-, root\n",
            "ok    keys          " + host.run().resolve("keys") + " at revision 1\n",
            "ok    registry.bin  " + host.run().resolve("registry.bin") + " at revision 1\n",
            "ok    tag           ",
            "ok    programs      not looked at, as 'programs: none' says\n",
            "ok    data          " + host.data() + ", ",
            "ok    clock         ",
            "ok    config        ",
            "ok    backup        the newest in " + backups)
        .doesNotContain("fail  ");
  }

  @Test
  void doctor_whenFilesAreWrong_saysOfEachWhatToDo() throws Exception {
    host.start();
    host.cli("register", "edge.a:8").ok();
    byte[] old = Files.readAllBytes(host.run().resolve("registry.bin"));
    host.cli("register", "edge.b:8").ok();
    host.connect().awaitPublished();
    // In place: a file that was replaced or removed is published anew before anybody could look.
    Files.write(host.run().resolve("registry.bin"), old, StandardOpenOption.WRITE);
    Files.writeString(host.run().resolve("keys"), "nonsense\n");
    mode(host.run().resolve("tag"), "rw-r--r--");
    mode(host.data(), "rwx---rwx");
    Files.writeString(host.config(), "arae: 64\n", StandardOpenOption.APPEND);
    Files.setLastModifiedTime(
        backups.resolve("newest"), FileTime.from(Instant.now().minus(Duration.ofDays(8))));

    Ran wrong = doctor();

    assertThat(wrong.exit()).as(wrong.toString()).isEqualTo(10);
    assertThat(wrong.out())
        .contains(
            "fail  keys          " + host.run().resolve("keys") + " is damaged: ",
            "fail  registry.bin  " + host.run().resolve("registry.bin") + " is of registry ",
            " at revision 1, not of ",
            "remove it: the daemon publishes it anew at once\n",
            "rw-r--r--, root: others have too many rights\n                    chmod o= ",
            "warn  data          " + host.data() + ", rwx---rwx, ",
            "fail  config        " + host.config() + ":",
            "arae",
            "mend it, and ask 'metakeyd --check' again\n",
            ", older than a week\n                    metakey backup FILE\n");
    Files.delete(host.run().resolve("keys"));
    Host.await("keys is published anew", () -> Files.exists(host.run().resolve("keys")));
  }

  @Test
  void doctor_whenThereIsNoDaemon_tellsWhatClientsHave() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.a:8").ok();
    daemon.kill();

    Ran dead = doctor();
    Files.delete(host.run().resolve("registry.bin"));
    Files.deleteIfExists(host.socket());
    Ran bare = doctor();

    assertThat(dead.exit()).as(dead.toString()).isEqualTo(10);
    assertThat(dead.out())
        .contains(
            "fail  daemon        no metakey daemon at " + host.socket(),
            "warn  files         clients that only read go on with what was published at revision 1\n",
            "ok    config        ");
    assertThat(bare.exit()).as(bare.toString()).isEqualTo(10);
    assertThat(bare.out()).contains("warn  files         nothing is published");
  }

  @Test
  void doctor_whenRunByAnotherUser_saysWhatItMayNotRead() throws Exception {
    host.start();
    host.cli("register", "edge.a:8").ok();
    mode(host.config(), "rw-------");
    mode(backups, "rwx------");

    Ran well = host.cliAsNobody(words(host.config(), backups).toArray(String[]::new));
    mode(host.socket(), "rw-------");
    Ran shut = host.cliAsNobody("doctor");

    assertThat(well.out())
        .contains(
            "ok    daemon        metakeyd ",
            "ok    keys          ",
            "config        " + host.config(),
            "warn  backup        " + backups + " cannot be read: ");
    assertThat(shut.exit()).as(shut.toString()).isEqualTo(10);
    assertThat(shut.out()).contains("fail  daemon        ", "ermission denied");
  }

  /** In namespaces of its own, where the host lacks what it usually has. */
  @Test
  void doctor_whenTheHostLacksThings_warnsOfEach() throws Exception {
    Requires.mounts();
    Requires.program("unshare");
    host.putDataIn(host.mount("small", "-t", "tmpfs", "-o", "size=12m,mode=755", "tmpfs"));
    host.start();
    List<String> command = new ArrayList<>(List.of("unshare", "--mount", "--pid", "--fork"));
    command.addAll(
        List.of(
            "sh",
            "-c",
            "mount -t proc -o hidepid=invisible proc /proc; mount -t tmpfs none /sys/kernel/btf;"
                + " while umount -l /sys/fs/bpf 2> /dev/null; do :; done; exec \"$@\"",
            "sh"));
    command.addAll(host.cliCommand("doctor", "--config", host.config().toString()).command());

    Ran bare = Ran.of(host.process(command), Host.PATIENCE);

    assertThat(bare.exit()).as(bare.toString()).isEqualTo(10);
    assertThat(bare.out())
        .contains(
            "which is not to be seen here\n",
            "it runs in another pid namespace",
            "fail  disk          ",
            "make room: without it, changes are refused\n",
            "warn  bpffs         no bpffs is mounted at /sys/fs/bpf",
            "warn  btf           there is no /sys/kernel/btf/vmlinux\n",
            "warn  peers         /proc is mounted with hidepid");
  }
}
