package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what: real processes of several users, and the policy in the config. */
class PolicyIT {
  private static final int GROUP = 4711;

  @RegisterExtension final Host host = new Host();

  @BeforeEach
  void need() throws Exception {
    Requires.nobody();
    host.use(host.image().copyTo(host.root().resolve("image"))); // others must be able to read it
  }

  /** Runs {@code metakey} as a user in a supplementary group. */
  private Ran asMember(int uid, String... words) throws Exception {
    return inGroups("7," + GROUP, uid, words);
  }

  private Ran inGroups(String groups, int uid, String... words) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("setpriv", "--reuid=" + uid, "--regid=" + uid, "--groups=" + groups, "--"));
    command.addAll(host.cliCommand(words).command());
    return Ran.of(host.process(command), Host.PATIENCE);
  }

  @Test
  void policy_whenTheConfigHasNone_letsEverybodyReadAndRootRegister() throws Exception {
    host.configure("policy:");
    host.start();
    host.cli("register", "roots.own:8").ok();

    host.cliAsNobody("register", "nobodys.own:8")
        .refuses(5, "you may not register nobodys.own", "built-in rule 'everybody'", "usermod -aG");
    assertThat(host.cliAsNobody("resolve", "roots.own").ok().out()).contains("roots.own");
    assertThat(host.cliAsNobody("list").ok().out()).contains("roots.own");
    host.cliAsNobody("status").ok();
    host.cliAsNobody("release", "roots.own").refuses(5, "roots.own", "uid 65534");
    assertThat(host.cli("list").ok().out()).doesNotContain("nobodys.own");
  }

  @Test
  void policy_whenItHasRules_goesByTheFirstThatMatches() throws Exception {
    host.configure(
        "policy:",
        "  - rule: edge team",
        "    gid: " + GROUP,
        "    allow: {read: all, register: [edge.], release: [edge.]}",
        "    quota: {ids: 2}",
        "  - rule: shut out",
        "    uid: 65534",
        "    allow: {read: [edge.]}");
    host.start();
    host.cli("register", "roots.own:8").ok();

    asMember(1000, "register", "edge.a:2", "edge.b:2").ok();
    String line = host.config() + ":2";
    asMember(1000, "register", "other.a:2").refuses(5, "other.a", "rule 'edge team'", line);
    asMember(1000, "register", "edge.c:2", "--service", "another")
        .refuses(6, "uid 1000 has 2 ids already", "rule 'edge team'", line, "allows it 2");
    asMember(1001, "register", "edge.d:2").ok();
    asMember(1000, "release", "edge.a").ok();

    host.cliAsNobody("resolve", "roots.own").refuses(5, "you may not read roots.own", "shut out");
    assertThat(host.cliAsNobody("list", "-o", "name").ok().out())
        .contains("edge.b")
        .doesNotContain("roots.own", "kernel.");
    host.cliAsNobody("resolve", "x".repeat(20_000)).refuses(2, "is 20000 bytes long", "1-63 bytes");
    host.cliAsNobody("show", "Roots.own").refuses(2, "'Roots.own'");
    host.cliAsNobody("watch").refuses(5, "a watch tells of every name", "shut out");
    host.cliAsNobody("show", "0").refuses(5, "roots.own");
  }

  /** The kernel tells groups without their number, and 0 is one of them. */
  @ParameterizedTest
  @ValueSource(strings = {"0", "0,7", "7,0"})
  void policy_whenARuleIsAboutRootsGroup_countsItAsASupplementaryOneToo(String groups)
      throws Exception {
    host.configure("policy:", "  - {rule: roots, gid: 0, allow: {read: all, register: [edge.]}}");
    host.start();

    inGroups(groups, 1000, "register", "edge.a:2").ok();
    inGroups("7", 1001, "register", "edge.b:2").refuses(5, "built-in rule 'everybody'");
  }

  @Test
  void policy_whenItIsWrongAtTheStart_makesTheDaemonReadOnly() throws Exception {
    host.configure("policy:");
    DaemonProcess first = host.start();
    host.cli("register", "roots.own:8").ok();
    first.terminate();
    host.configure("policy:", "  - rule: everything", "    allow: everything");

    host.runDaemon("--check").refuses(2, host.config() + ":3: allow: 'everything'");
    host.start();

    host.cli("register", "roots.own:8").ok(); // known, and its own
    host.cli("register", "new.one:8").refuses(7, host.config() + ":3: allow", "--check");
    host.cliAsNobody("resolve", "roots.own").ok();
    assertThat(host.cli("status").out()).contains("read-only: " + host.config() + ":3");
  }

  /** The type of a file, in its mode. */
  private static final int SOCKET = 0140000;

  private static final String CLOSED =
      "  - {rule: closed, uid: 65534, allow: {read: [edge.]}, quota: {ids: 3}}";

  @Test
  void reload_whenThePolicyIsRight_takesItOnAndOtherwiseKeepsTheOldOne() throws Exception {
    host.configure("policy:");
    host.start();
    host.cli("register", "roots.own:8").ok();
    host.cliAsNobody("resolve", "roots.own").ok();
    host.cliAsNobody("reload").refuses(5, "reload is for admins", "uid 65534");

    host.configure("area: 64", "policy:", CLOSED);
    assertThat(host.cli("reload").ok().err()).contains("area has changed; it counts when");
    host.cliAsNobody("resolve", "roots.own").refuses(5, "rule 'closed'", host.config() + ":3");

    host.configure("policy:", "  - {rule: wrong, allow: everything}");
    host.cli("reload").refuses(2, "what was there stays", host.config() + ":2: allow");
    host.cliAsNobody("resolve", "roots.own").refuses(5, "rule 'closed'");
    assertThat(host.cli("status").out()).contains("what was there stays");

    host.configure("policy:");
    assertThat(host.cli("reload").ok().err()).contains("the config was read again");
    host.cliAsNobody("resolve", "roots.own").ok();
    host.cli("status").ok();
  }

  /** Whom the policy lets link, also after it was read again. */
  @Test
  void tagFile_goesToTheGroupThatMayLink() throws Exception {
    host.configure(
        "policy:", "  - {rule: linkers, gid: %d, allow: {read: all, link: all}}".formatted(GROUP));
    host.start();
    assertThat(gidOfTag()).isEqualTo(GROUP);

    host.configure("policy:", "  - {rule: closed, allow: {read: all}}");
    host.cli("reload").ok();
    Host.await("the group is root's", () -> gidOfTag() == 0);
  }

  private int gidOfTag() throws IOException {
    return (int) Files.getAttribute(host.run().resolve("tag"), "unix:gid");
  }

  @Test
  void socket_whenItIsForAGroup_letsOnlyItsMembersIn() throws Exception {
    host.configure("socket_access: {group: %d, mode: 0660}".formatted(GROUP));
    DaemonProcess daemon = host.start();
    Host.await(
        "the group has the socket",
        () -> Files.getAttribute(host.socket(), "unix:mode").equals(SOCKET | 01660));
    assertThat(Files.getAttribute(host.socket(), "unix:gid")).isEqualTo(GROUP);
    asMember(1000, "list").ok();
    host.cliAsNobody("status")
        .refuses(8, "does not let you in: permission denied", "socket_access");
    daemon.terminate();

    host.configure("socket_access: {group: no-such-group, mode: 0666}");
    host.runDaemon("--check").refuses(2, host.config() + ":1", "no group 'no-such-group'");
    host.start();
    host.cliAsNobody("status").exits(8);
    assertThat(host.cli("status").exits(10).out()).contains("no-such-group");
  }

  @Test
  void sighup_takesTheNewPolicyOn() throws Exception {
    host.configure("policy:");
    DaemonProcess daemon = host.start();
    host.configure("policy:", CLOSED);

    daemon.signal("HUP");

    String[] test = {"policy", "test", "--uid", "65534", "--gid", "65534", "--name", "edge.id"};
    Host.await("the new policy", () -> host.cli(test).ok().out().contains("rule 'closed'"));
    assertThat(host.cli(test).out())
        .contains("about    uid 65534", "it may read edge.id", "3 ids, 56 slot bytes");
    host.cliAsNobody(test).refuses(5, "policy test is for admins");
    assertThat(host.cli("policy", "test", "--uid", "65533").ok().out())
        .contains(
            "built-in rule 'everybody'",
            "not      rule 'closed' (%s:2): it has another uid".formatted(host.config()));
  }

  /** As nohup starts it: the JVM leaves such a signal ignored, whatever it is told. */
  @Test
  void sighup_whenItWasIgnoredAtTheStart_isSaid() throws Exception {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "trap '' HUP; exec \"$@\"", "metakeyd"));
    command.addAll(host.daemonCommand().command());

    DaemonProcess daemon = host.launch(host.process(command)).awaitServing();

    assertThat(daemon.log()).contains("SIGHUP ignored", "'metakey reload' does");
    host.cli("reload").ok();
  }

  @Test
  void quota_whenARuleGivesNone_refusesWatchesWaitsAndConnections() throws Exception {
    host.configure(
        "policy:", "  - {rule: few, uid: 65534, allow: all, quota: {watches: 0, waits: 0}}");
    host.start();
    host.cliAsNobody("watch").refuses(6, "watches", "rule 'few' (", "metakeyd.yaml:2) allows 0");
    host.cliAsNobody("resolve", "a.name", "--wait", "9s")
        .refuses(6, "waiting calls", "rule 'few' (", "metakeyd.yaml:2) allows 0");

    host.configure("policy:", "  - {rule: no, uid: 65534, allow: all, quota: {connections: 0}}");
    host.cli("reload").ok();
    for (int i = 0; i < 5; i++) { // also a client that is still writing when it is turned away
      assertThat(host.cliAsNobody("pending").exits(8).err())
          .contains("rule 'no' (", "metakeyd.yaml:2) allows 0");
    }
    host.cli("list").ok();
  }
}
