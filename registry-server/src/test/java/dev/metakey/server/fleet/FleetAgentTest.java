package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Register;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hosts and a real etcd, of three members with TLS where nothing else is said, some of which fail.
 */
class FleetAgentTest {
  @TempDir private Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
  }

  private <T extends AutoCloseable> T open(T resource) {
    opened.add(resource);
    return resource;
  }

  /** A host whose daemon's agent runs. */
  private final class Daemon {
    final TestHost host;
    final FleetAgent agent;

    Daemon(String name, EtcdAccess access) throws Exception {
      host = new TestHost(name, directory, new AtomicLong(System.currentTimeMillis()));
      agent = open(FleetAgent.of(TestHost.settings(), access, host.host(), host.engine));
      host.engine.addListener(agent);
      agent.start();
    }

    Daemon connected() throws Exception {
      await(() -> agent.status().connected());
      return this;
    }

    Field register(String name) {
      FieldSpec spec = FieldSpec.of(name, 4);
      agent.claim(List.of(spec), FleetField.serviceOf(TestHost.EDGE.owner())).join();
      return host.submit(new Register(List.of(spec)), TestHost.EDGE).get(0).field();
    }

    /** What {@code metakey reload} says. */
    String reload(EtcdAccess access) {
      return agent.take(TestHost.settings(), new EtcdStore(access)).join();
    }

    /** As a client that waits. */
    Field registerInTheEnd(String name) throws Exception {
      while (true) {
        try {
          return register(name);
        } catch (MetakeyException e) {
          assertThat(e.reason()).isEqualTo(Reason.FLEET_AWAY);
          Thread.sleep(50);
        }
      }
    }

    void isRefused(String name) {
      assertThatThrownBy(() -> register(name))
          .isInstanceOfSatisfying(
              MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.FLEET_AWAY));
    }
  }

  private static void await(BooleanSupplier condition) throws Exception {
    while (!condition.getAsBoolean()) {
      Thread.sleep(20);
    }
  }

  private Etcd three() throws Exception {
    certificates();
    Etcd etcd = open(new Etcd(directory, 3, true));
    etcd.await();
    return etcd;
  }

  private void certificates() throws Exception {
    Path openssl = Path.of("/usr/bin/openssl");
    assumeTrue(Files.isExecutable(openssl), "missing: openssl");
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem");
    Files.writeString(directory.resolve("san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    for (String who : List.of("server", "root", "host")) {
      certificate(who);
    }
  }

  private void certificate(String who) throws Exception {
    openssl(
        "req -newkey rsa:2048 -nodes -subj /CN=%1$s -keyout %1$s.key -out %1$s.csr".formatted(who));
    openssl(
        "x509 -req -in %1$s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out %1$s.pem"
            .formatted(who));
  }

  private void openssl(String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ", -1)));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.log").toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IOException(Files.readString(directory.resolve("openssl.log")));
    }
  }

  @Test
  void names_haveOneIdEverywhere_whicheverMemberIsKilled() throws Exception {
    Etcd etcd = three();
    Daemon one = new Daemon("one", etcd.access()).connected();
    Daemon two = new Daemon("two", etcd.access()).connected();
    for (int member = 0; member < 3; member++) {
      etcd.kill(member);
      Field here = one.registerInTheEnd("edge.killed" + member);
      Field there = two.registerInTheEnd("edge.killed" + member);
      assertThat(there.id()).isEqualTo(here.id());
      assertThat(there.slot()).isEqualTo(here.slot());
      etcd.start(member);
      etcd.await();
    }
  }

  @Test
  void newNamesWait_andKnownOnesAreAnswered_whileMostMembersAreGone() throws Exception {
    Etcd etcd = three();
    Daemon one = new Daemon("one", etcd.access()).connected();
    Daemon two = new Daemon("two", etcd.access()).connected();
    Field known = one.register("edge.a");
    await(() -> two.host.fleet().live("edge.a") != null);
    etcd.kill(0);
    etcd.kill(1);

    one.isRefused("edge.b");
    assertThat(one.register("edge.a").id()).isEqualTo(known.id());
    assertThat(two.register("edge.a").id()).isEqualTo(known.id());
    assertThat(one.agent.problems()).first().asString().startsWith("the fleet is away since ");

    etcd.kill(2);
    two.isRefused("edge.b");
    for (int member = 0; member < 3; member++) {
      etcd.start(member);
    }
    Field waited = one.registerInTheEnd("edge.b");
    assertThat(two.registerInTheEnd("edge.b").id()).isEqualTo(waited.id());
    one.connected();
    assertThat(one.agent.problems()).isEmpty();
  }

  @Test
  void aMemberThatDoesNotAnswer_isPassedOver() throws Exception {
    Etcd etcd = three();
    Daemon one = new Daemon("one", etcd.access()).connected();
    for (int member = 0; member < 3; member++) {
      etcd.freeze(member);
      one.registerInTheEnd("edge.frozen" + member);
      etcd.thaw(member);
      etcd.await();
    }
  }

  @Test
  void manyHostsThatClaimAtOnce_agree_whileMembersAreKilled() throws Exception {
    Etcd etcd = three();
    List<Daemon> daemons = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      daemons.add(new Daemon("host" + i, etcd.access()).connected());
    }
    Map<String, Integer> ids = new HashMap<>();
    List<CompletableFuture<List<Field>>> all =
        daemons.stream()
            .map(
                daemon ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          List<Field> fields = new ArrayList<>();
                          for (int i = 0; i < 10; i++) {
                            try {
                              fields.add(daemon.registerInTheEnd("edge.n" + i));
                            } catch (Exception e) {
                              throw new IllegalStateException(e);
                            }
                          }
                          return fields;
                        }))
            .toList();
    for (int member = 0; member < 3; member++) {
      etcd.kill(member);
      etcd.start(member);
      etcd.await();
    }
    for (CompletableFuture<List<Field>> each : all) {
      for (Field field : each.join()) {
        assertThat(ids.computeIfAbsent(field.name(), name -> field.id())).isEqualTo(field.id());
      }
    }
    assertThat(ids.values()).doesNotHaveDuplicates().hasSize(10);
  }

  @Test
  void etcdOutOfSpace_keepsNewNamesOut_andNothingElse() throws Exception {
    Etcd etcd = open(new Etcd(directory, 1, false, "--quota-backend-bytes=1000000"));
    etcd.await();
    Daemon one = new Daemon("one", etcd.access()).connected();
    Field known = one.register("edge.a");
    String big = "x".repeat(120_000);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 20; i++) {
                etcd.ctl("put", "/other/" + i, big);
              }
            })
        .hasMessageContaining("database space exceeded");

    one.isRefused("edge.b");
    assertThat(one.register("edge.a").id()).isEqualTo(known.id());
    assertThat(String.join(" ", one.agent.problems())).contains("database space exceeded");
  }

  @Test
  void take_goesOnWithOtherCertificates_andKeepsWhatWorksWhereEtcdDoesNotTakeThem()
      throws Exception {
    Etcd etcd = three();
    Daemon one = new Daemon("one", etcd.access()).connected();
    one.register("edge.a");
    EtcdAccess access = etcd.access();

    assertThat(one.reload(new EtcdAccess(access.endpoints(), null, "", null, 2_000)))
        .startsWith("the section 'fleet' of the config was read again, and what was there stays: ");
    assertThat(one.agent.problems()).singleElement().asString().contains("what was there stays");
    Files.writeString(directory.resolve("bad.pem"), "no certificate\n");
    Path bad = directory.resolve("bad.pem");
    EtcdAccess.Tls tls = access.tls();
    assertThat(
            one.reload(
                new EtcdAccess(
                    access.endpoints(),
                    new EtcdAccess.Tls(tls.ca(), bad, tls.key()),
                    "",
                    null,
                    2_000)))
        .contains("the certificates for etcd cannot be used");
    assertThat(one.register("edge.b").name()).isEqualTo("edge.b"); // by the old ones

    certificate("host"); // another one in the same files
    assertThat(one.reload(access)).isEmpty();

    assertThat(one.agent.problems()).isEmpty();
    assertThat(one.register("edge.c").name()).isEqualTo("edge.c");
  }

  @Test
  void take_goesOnWithAPasswordThatHasChanged() throws Exception {
    Etcd etcd = open(new Etcd(directory, 1, false));
    etcd.await();
    etcd.ctl("user", "add", "root:root");
    etcd.ctl("user", "grant-role", "root", "root");
    etcd.ctl("user", "add", "metakey:first");
    etcd.ctl("user", "grant-role", "metakey", "root");
    etcd.ctl("auth", "enable");
    Path password = Files.writeString(directory.resolve("password"), "first\n");
    EtcdAccess access = new EtcdAccess(etcd.endpoints(), null, "metakey", password, 2_000);
    Daemon one = new Daemon("one", access).connected();

    Files.writeString(password, "wrong\n");
    assertThat(one.reload(access))
        .contains("what was there stays")
        .contains("authentication failed");
    assertThat(one.register("edge.a").name()).isEqualTo("edge.a"); // with the token that it has

    etcd.ctl("--user=root:root", "user", "delete", "metakey");
    etcd.ctl("--user=root:root", "user", "add", "metakey:second");
    etcd.ctl("--user=root:root", "user", "grant-role", "metakey", "root");
    Files.writeString(password, "second\n");
    assertThat(one.reload(access)).isEmpty();
    assertThat(one.register("edge.b").name()).isEqualTo("edge.b");
  }

  @Test
  void take_ofAnEtcdWithAnotherFleet_isRefused_andOneThatIsAwayIsReplaced() throws Exception {
    Etcd etcd = open(new Etcd(Files.createDirectory(directory.resolve("a")), 1, false));
    Etcd other = open(new Etcd(Files.createDirectory(directory.resolve("b")), 1, false));
    etcd.await();
    other.await();
    Daemon one = new Daemon("one", etcd.access()).connected();

    assertThat(one.reload(other.access())).contains("that etcd does not have the fleet test");
    new Daemon("two", other.access()).connected();
    assertThat(one.reload(other.access())).contains("etcd has another fleet under the name test");
    assertThat(one.agent.status().connected()).isTrue();

    EtcdAccess nobody = new EtcdAccess(List.of("127.0.0.1:1"), null, "", null, 2_000);
    Daemon late = new Daemon("late", nobody);
    assertThat(late.reload(etcd.access())).isEmpty();
    assertThat(late.agent.status().connected()).isTrue();
  }

  @Test
  void aRole_needsTheseKeysAndNoOthers() throws Exception {
    Etcd etcd = open(new Etcd(directory, 1, false));
    etcd.await();
    new Daemon("first", etcd.access()).connected(); // makes the fleet
    String fleet = "/metakey/v1/test/";
    etcd.ctl("role", "add", "metakey");
    etcd.ctl("role", "grant-permission", "metakey", "read", fleet + "facts");
    for (String below : List.of("names/", "ids/", "slots/", "hosts/", "holds/")) {
      etcd.ctl("role", "grant-permission", "metakey", "--prefix=true", "readwrite", fleet + below);
    }
    etcd.ctl("user", "add", "metakey:secret");
    etcd.ctl("user", "grant-role", "metakey", "metakey");
    etcd.ctl("user", "add", "root:root");
    etcd.ctl("user", "grant-role", "root", "root");
    etcd.ctl("auth", "enable");
    Path password = Files.writeString(directory.resolve("password"), "secret\n");
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    EtcdAccess access = new EtcdAccess(etcd.endpoints(), null, "metakey", password, 2_000);

    Daemon one = new Daemon("one", access).connected();
    Field field = one.register("edge.a");
    one.host.free(null, "edge.a");
    Daemon two = new Daemon("two", access).connected();

    assertThat(two.registerInTheEnd("edge.b").id()).isNotEqualTo(field.id());
    assertThat(two.agent.hosts().join()).hasSize(3);
    assertThat(two.agent.forget("first").join()).isEqualTo(1);
    try (EtcdStore store = new EtcdStore(access)) {
      assertThatThrownBy(() -> store.read(List.of("/other/")))
          .hasMessageContaining("permission denied");
      assertThatThrownBy(() -> store.commit(new Txn().delete(fleet + "facts")))
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void aHostThatIsForgotten_isThereAgainIfItLives_andTakesNothingFromOthersIfItIsGone()
      throws Exception {
    Etcd etcd = open(Etcd.one(directory));
    Daemon one = new Daemon("one", etcd.access()).connected();
    Daemon two = new Daemon("two", etcd.access()).connected();
    one.register("edge.only");
    one.register("edge.both");
    two.registerInTheEnd("edge.both");

    assertThat(two.agent.forget("one").join()).isEqualTo(1);
    await(() -> two.host.fleet().live("edge.only") != null);
    assertThat(two.agent.hosts().join()).hasSize(2);

    one.agent.close();
    assertThat(two.agent.forget("one").join()).isEqualTo(1);
    assertThat(two.host.fleet().live("edge.only")).isNull();
    assertThat(two.host.fleet().live("edge.both")).isNotNull();
    assertThat(two.agent.hosts().join()).hasSize(1);
    assertThatThrownBy(() -> two.agent.forget("two").join())
        .hasMessageContaining("'two' is this host");
  }
}
