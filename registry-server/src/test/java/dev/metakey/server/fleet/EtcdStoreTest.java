package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same, with a real etcd. */
class EtcdStoreTest extends FleetStoreContract {
  @TempDir private static Path directory;
  private static Etcd etcd;

  @BeforeAll
  static void start() throws Exception {
    etcd = Etcd.one(directory);
  }

  @AfterAll
  static void stop() throws Exception {
    if (etcd != null) {
      etcd.close();
    }
  }

  @BeforeEach
  void empty() throws Exception {
    etcd.ctl("del", "--prefix", "/");
  }

  @Override
  FleetStore connect() throws Exception {
    return etcd.connect();
  }

  @Override
  void compact(long revision) throws Exception {
    etcd.ctl("compaction", Long.toString(revision));
  }

  @Test
  void read_asksTheNextMember_whenOneDoesNotAnswer() throws Exception {
    List<String> endpoints = List.of("127.0.0.1:1", etcd.endpoints().get(0), "127.0.0.1:1");
    try (FleetStore store = new EtcdStore(new EtcdAccess(endpoints, null, "", null, 2_000))) {
      assertThat(store.read(List.of("/f/")).revision()).isPositive();
    }
  }

  @Test
  void read_saysWhichMemberAndWhy_whenNoneAnswers() throws Exception {
    List<String> endpoints = List.of("127.0.0.1:1");
    try (FleetStore store = new EtcdStore(new EtcdAccess(endpoints, null, "", null, 2_000))) {
      assertThatThrownBy(() -> store.read(List.of("/f/")))
          .isInstanceOf(FleetException.class)
          .hasMessageContaining("etcd at 127.0.0.1:1: ")
          .hasMessageContaining("Connection refused");
    }
  }

  @Test
  void read_logsInAgain_whenEtcdHasForgottenTheToken() throws Exception {
    Path own = Files.createDirectory(directory.resolve("users"));
    try (Etcd guarded = new Etcd(own, 1, false, "--auth-token-ttl=1")) {
      guarded.await();
      guarded.ctl("user", "add", "root:secret");
      guarded.ctl("user", "grant-role", "root", "root");
      guarded.ctl("auth", "enable");
      Path password = Files.writeString(own.resolve("password"), "secret\n");
      EtcdAccess access = new EtcdAccess(guarded.endpoints(), null, "root", password, 2_000);
      try (FleetStore store = new EtcdStore(access)) {
        long first = store.read(List.of("/f/")).revision();
        guarded.kill(0); // simple tokens are kept in memory
        guarded.start(0);
        guarded.awaitPort();
        assertThat(store.read(List.of("/f/")).revision()).isEqualTo(first);
      }
      Files.writeString(password, "wrong\n");
      try (FleetStore store = new EtcdStore(access)) {
        assertThatThrownBy(() -> store.read(List.of("/f/")))
            .isInstanceOf(FleetException.class)
            .hasMessageContaining("authentication failed");
      }
    }
  }
}
