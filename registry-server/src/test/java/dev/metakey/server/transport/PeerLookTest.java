package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks at a made-up /proc, and at the real one, where only the test itself can be looked at. */
class PeerLookTest {
  private static final String ALL = "000001ffffffffff";
  private static final String OF_DOCKER = "00000000a80425fb";

  @TempDir Path proc;

  @BeforeEach
  void self() throws IOException {
    process("self", "S", 1, ALL, "user:[1]", "0::/");
    process("1", "S", 1, ALL, "user:[1]", "0::/init.scope");
  }

  private Path process(
      String pid, String state, long start, String capabilities, String namespace, String cgroup)
      throws IOException {
    Path process = Files.createDirectories(proc.resolve(pid));
    Files.createDirectories(process.resolve("ns"));
    Files.writeString(
        process.resolve("stat"),
        pid + " (a) b c) " + state + " 0".repeat(18) + " " + start + " 0 0\n");
    Files.writeString(process.resolve("status"), "Name:\ta\nCapEff:\t" + capabilities + "\n");
    Files.writeString(process.resolve("cgroup"), cgroup + "\n");
    Files.writeString(process.resolve("cmdline"), "python3\0-u\0/opt/tracer.py\0");
    Files.createSymbolicLink(process.resolve("ns/user"), Path.of(namespace));
    Files.createSymbolicLink(process.resolve("exe"), Path.of("/usr/bin/python3.11"));
    return process;
  }

  private PeerLook look() {
    return new PeerLook(proc, () -> Launchers.DEFAULTS);
  }

  private PeerProcess at(int pid) {
    return look().at(0, 0, pid, () -> true);
  }

  @Test
  void at_whenProcessIsThere_seesAllOfIt() throws IOException {
    process("7", "S", 5, ALL, "user:[1]", "0::/system.slice/edge.service");
    PeerProcess seen = at(7);
    assertThat(seen.place().unit()).isEqualTo("edge.service");
    assertThat(seen.provesUnit()).isTrue();
    assertThat(seen.privileged()).isTrue();
    assertThat(seen.ownNamespace()).isFalse();
    assertThat(seen.program()).isEqualTo("tracer.py");
  }

  @Test
  void at_whenRootIsOfAContainer_isNotPrivileged() throws IOException {
    process("7", "S", 5, OF_DOCKER, "user:[1]", "0::/");
    process("8", "S", 5, ALL, "user:[2]", "0::/");
    assertThat(at(7).privileged()).isFalse();
    assertThat(at(8).privileged()).isFalse();
    assertThat(at(8).ownNamespace()).isTrue();
  }

  @Test
  void at_whenProcessHasEnded_isNobody() throws IOException {
    process("7", "Z", 5, ALL, "user:[1]", "0::/system.slice/edge.service");
    assertThat(at(7).place().ended()).isTrue();
    assertThat(at(99).place().ended()).isTrue();
    assertThat(look().problem()).isEmpty();
  }

  @Test
  void at_whenPidIsUsedAgainMeanwhile_lendsNoUnit() throws IOException {
    Path process = process("7", "S", 5, ALL, "user:[1]", "0::/system.slice/edge.service");
    assertThat(look().at(0, 0, 7, () -> false).place().ended()).isTrue();
    PeerProcess replaced =
        look()
            .at(
                0,
                0,
                7,
                () -> {
                  startsAt(process, 6);
                  return true;
                });
    assertThat(replaced.place().ended()).isTrue();
    assertThat(replaced.provesUnit()).isFalse();
  }

  private static void startsAt(Path process, long start) {
    try {
      Files.writeString(process.resolve("stat"), "7 (a) S" + " 0".repeat(18) + " " + start + " 0");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void at_whenProcIsHidden_saysSoOnce() throws IOException {
    Files.delete(proc.resolve("1/stat"));
    PeerLook look = look();
    PeerProcess hidden = look.at(1000, 1000, 99, () -> true);
    assertThat(hidden).isEqualTo(PeerProcess.unseen(1000, 1000, 99));
    assertThat(look.problem()).contains("hidepid");
    assertThat(look.at(0, 0, 0, () -> true)).isEqualTo(PeerProcess.unseen(0, 0, 0));
    assertThat(look.problem()).contains("hidepid").doesNotContain("hostPID");
  }

  @Test
  void at_whenPidIsNotTold_saysWhatIsNeeded() {
    PeerLook look = look();
    assertThat(look.at(0, 0, 0, () -> true)).isEqualTo(PeerProcess.unseen(0, 0, 0));
    assertThat(look.problem()).contains("hostPID: true");
  }

  @Test
  void at_whenItIsThisProcess_isNotEnded() {
    int pid = (int) ProcessHandle.current().pid();
    PeerProcess self = new PeerLook(() -> Launchers.DEFAULTS).at(0, 0, pid, () -> true);
    assertThat(self.place().ended()).isFalse();
    assertThat(self.ownNamespace()).isFalse();
  }
}
