package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who a service is: real processes in real cgroups, named as engines and systemd name them. */
class IdentityIT {
  private static final Pattern OWNER =
      Pattern.compile(
          "\"owners\":\\[\\{\"kind\":\"(\\w+)\",\"uid\":(\\w+),\"service\":\"([^\"]*)\"}");
  private static final String POD = "pod0f9d2a3c_1111_2222_3333_444455556666";
  private static final String KUBE = "/kubepods.slice/kubepods-burstable.slice";

  @RegisterExtension final Host host = new Host();
  private final Random random = Seed.random("containers");
  private int fields;

  static List<Path> hierarchies() throws Exception {
    return Cgroups.hierarchies();
  }

  @BeforeEach
  void need() throws Exception {
    Requires.cgroups();
    Requires.program("setpriv");
    Requires.program("perl");
  }

  private String id() {
    StringBuilder id = new StringBuilder();
    while (id.length() < 64) {
      id.append(Integer.toHexString(random.nextInt(16)));
    }
    return id.toString();
  }

  /** Of all hierarchies, the one that the daemon looks at first. */
  private Cgroups cgroups() throws Exception {
    List<Path> all = Cgroups.hierarchies();
    return host.closeLater(Cgroups.of(all.get(all.size() - 1)));
  }

  private static List<String> as(int uid) {
    return List.of("setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "--");
  }

  private static List<String> concat(List<String> one, List<String> other) {
    List<String> all = new ArrayList<>(one);
    all.addAll(other);
    return all;
  }

  /** Runs {@code metakey} for a process in a cgroup. */
  private Ran metakey(Cgroups cgroups, String cgroup, List<String> before, String... words)
      throws Exception {
    Path socket = host.root().resolve("relay");
    Relay.Place place = command -> host.process(cgroups.in(cgroup, concat(before, command)));
    List<String> line = concat(List.of(words), List.of("--socket", socket.toString()));
    try (var unused = new Relay(socket, host.socket(), place)) {
      return host.cli(line.toArray(String[]::new));
    }
  }

  /** Runs {@code metakey} as a process in a cgroup. */
  private Ran program(Cgroups cgroups, String cgroup, List<String> before, String... words)
      throws Exception {
    List<String> command = concat(before, host.cliCommand(words).command());
    return Ran.of(host.process(cgroups.in(cgroup, command)), Host.PATIENCE);
  }

  private String owner(Cgroups cgroups, String cgroup, int uid, String claim) throws Exception {
    return owner(cgroups, cgroup, as(uid), "f" + fields++, claim);
  }

  /** Registers a field from a cgroup, and says whose it then is. */
  private String owner(
      Cgroups cgroups, String cgroup, List<String> before, String field, String claim)
      throws Exception {
    String[] words = {"register", field + ":2", "--service", claim, "-o", "jsonl"};
    Ran ran = metakey(cgroups, cgroup, before, words).ok();
    Matcher owner = OWNER.matcher(ran.out());
    assertThat(owner.find()).as("an owner in %s", ran).isTrue();
    return (owner.group(1).equals("user") ? owner.group(2) : owner.group(1)) + ":" + owner.group(3);
  }

  @ParameterizedTest
  @MethodSource("hierarchies")
  void owner_whenAServiceRunsInAContainer_isItsClaim(Path hierarchy) throws Exception {
    host.start();
    Cgroups cgroups = host.closeLater(Cgroups.of(hierarchy));
    for (String cgroup :
        List.of(
            "/system.slice/docker-" + id() + ".scope",
            "/docker/" + id(),
            "/machine.slice/libpod-" + id() + ".scope",
            KUBE + "/kubepods-burstable-" + POD + ".slice/crio-" + id() + ".scope",
            KUBE + "/kubepods-burstable-" + POD + ".slice/cri-containerd-" + id() + ".scope",
            "/kubepods/burstable/" + POD + "/" + id(),
            "/system.slice/k3s.service/kubepods-" + POD + ".slice:cri-containerd:" + id(),
            "/machine.slice/systemd-nspawn@box.service/payload/system.slice/nginx.service",
            "/machine.slice/machine-box.scope/payload/system.slice/nginx.service",
            "/lxc.payload.box/system.slice/nginx.service",
            "/lxc/box/system.slice/nginx.service")) {
      assertThat(owner(cgroups, cgroup, 0, "web")).as(cgroup).isEqualTo("0:web");
    }
  }

  @ParameterizedTest
  @MethodSource("hierarchies")
  void owner_whenSystemdRunsIt_isItsUnitWhoeverItRunsAs(Path hierarchy) throws Exception {
    host.start();
    Cgroups cgroups = host.closeLater(Cgroups.of(hierarchy));
    String unit = "/system.slice/metakey-it-edge.service";

    assertThat(owner(cgroups, unit, as(0), "edge.id", "another"))
        .isEqualTo("unit:metakey-it-edge.service");
    assertThat(owner(cgroups, unit, as(1000), "edge.id", "another")) // User= changed
        .isEqualTo("unit:metakey-it-edge.service");
    assertThat(owner(cgroups, unit + "/victim.service", 0, "another")) // delegated
        .isEqualTo("unit:metakey-it-edge.service");
    assertThat(owner(cgroups, unit + "/libpod-payload-" + id(), 0, "another")) // podman run in it
        .isEqualTo("unit:metakey-it-edge.service");
    String instances = "/system.slice/system-metakey.slice/metakey-it@%d.service";
    assertThat(owner(cgroups, instances.formatted(1), 0, "another"))
        .isEqualTo("unit:metakey-it@1.service");
    assertThat(owner(cgroups, instances.formatted(2), 0, "another"))
        .isEqualTo("unit:metakey-it@2.service");
  }

  @Test
  void owner_whenSomebodyElsesProcessesRunThere_isTheUidAndItsClaim() throws Exception {
    host.start();
    Cgroups cgroups = cgroups();
    String manager = "/user.slice/user-1000.slice/user@1000.service/app.slice/tracer.service";
    for (String line :
        List.of(
            manager + " 1000 1000:tracer.service",
            manager + " 1001 1001:claim",
            "/user.slice/user-1001.slice/user@1001.service/victim.service 1001 1001:victim.service",
            "/user.slice/user-1000.slice/session-3.scope 1000 1000:claim",
            "/system.slice/cron.service 1000 1000:claim",
            "/system.slice/cron.service 1001 1001:claim",
            "/system.slice/sshd.service 0 0:claim",
            "/system.slice/docker.service 0 0:claim",
            "/system.slice/containerd.service 0 0:claim",
            "/system.slice/kubelet.service 0 0:claim")) {
      String[] parts = line.split(" ", -1);
      assertThat(owner(cgroups, parts[0], Integer.parseInt(parts[1]), "claim"))
          .as(line)
          .isEqualTo(parts[2]);
    }
  }

  @Test
  void owner_whenTheConfigCallsTheUnitALauncher_isTheUidAndItsClaim() throws Exception {
    host.configure("launchers: [metakey-it-job@*.service]");
    host.start();
    Cgroups cgroups = cgroups();

    assertThat(owner(cgroups, "/system.slice/metakey-it-job@7.service", 1000, "claim"))
        .isEqualTo("1000:claim");
    assertThat(owner(cgroups, "/system.slice/metakey-it-job.service", 1000, "claim"))
        .isEqualTo("unit:metakey-it-job.service");
  }

  @Test
  void owner_whenTheContainerIsMadeAgain_isTheSameAndTheHistoryTellsWhich() throws Exception {
    host.start();
    Cgroups cgroups = cgroups();
    String first = id();
    String second = id();
    String scope = "/system.slice/docker-%s.scope";

    assertThat(owner(cgroups, scope.formatted(first), as(0), "web.id", "web")).isEqualTo("0:web");
    assertThat(owner(cgroups, scope.formatted(second), as(0), "web.id", "web")).isEqualTo("0:web");
    metakey(cgroups, scope.formatted(second), as(0), "register", "web.id:2", "--service", "other")
        .refuses(4, "other (uid 0)", "metakey transfer web.id --to other --uid 0");

    assertThat(host.cli("history", "-o", "jsonl").ok().out())
        .contains("\"container\":\"" + first.substring(0, 12) + "\"");
  }

  @Test
  void owner_whenAContainerHasAUserNamespaceOfItsOwn_isTheWordContainer() throws Exception {
    host.start();
    Cgroups cgroups = cgroups();
    List<String> unshared = List.of("unshare", "--user", "--map-root-user");
    String scope = "/system.slice/docker-%s.scope";

    assertThat(
            owner(cgroups, scope.formatted(id()), concat(as(165_536), unshared), "web.id", "web"))
        .isEqualTo("container:web");
    assertThat(
            owner(cgroups, scope.formatted(id()), concat(as(231_072), unshared), "web.id", "web"))
        .isEqualTo("container:web");
    // A user who makes a namespace to look like a container, and is in none
    String users = "/user.slice/user-1000.slice/user@1000.service/docker-" + id() + ".scope";
    assertThat(owner(cgroups, users, concat(as(1000), unshared), "a", "web")).isEqualTo("1000:web");
    String session = "/metakey-it-session.scope";
    assertThat(owner(cgroups, session, concat(as(1000), unshared), "b", "web"))
        .isEqualTo("1000:web");
    metakey(
            cgroups,
            session,
            concat(as(1000), unshared),
            "register",
            "web.id:2",
            "--service",
            "web")
        .refuses(4, "web (uid 1000)");
  }

  @Test
  void owner_whenTheDaemonHasACgroupNamespaceOfItsOwn_isSeenAllTheSame() throws Exception {
    Cgroups cgroups = cgroups();
    List<String> daemon = concat(List.of("unshare", "--cgroup"), host.daemonCommand().command());
    host.launch(host.process(cgroups.in("/system.slice/metakey-it-d.service", daemon)))
        .awaitServing();

    assertThat(owner(cgroups, "/system.slice/docker-" + id() + ".scope", 0, "web"))
        .isEqualTo("0:web");
    assertThat(owner(cgroups, "/system.slice/metakey-it-edge.service", 0, "web"))
        .isEqualTo("unit:metakey-it-edge.service");
    assertThat(owner(cgroups, "/machine.slice/libpod-" + id() + ".scope/x.service", 0, "web"))
        .isEqualTo("0:web");
    assertThat(owner(cgroups, "/user.slice/user-1000.slice/x.service", 1000, "web"))
        .isEqualTo("1000:web");
  }

  @Test
  void owner_whenAScriptCallsMetakey_isTheScript() throws Exception {
    host.start();
    Path script = Files.writeString(host.root().resolve("deploy.sh"), "\"$@\"\nexit $?\n");
    List<String> calls = List.of("sh", script.toString());
    String[] words = {"register", "edge.id:8", "-o", "jsonl"};
    Cgroups cgroups = cgroups();

    Ran called = program(cgroups, "/metakey-it-login.scope", calls, words).ok();
    assertThat(called.out()).contains("\"service\":\"deploy.sh\"");
    assertThat(called.err()).contains("registered for deploy.sh (uid 0), the script that calls");
    host.cli(words).refuses(4, "deploy.sh (uid 0)", "you are metakey (uid 0");
    words[1] = "edge.other:8";
    Ran inUnit = program(cgroups, "/system.slice/metakey-it-edge.service", calls, words).ok();
    assertThat(inUnit.out()).contains("\"service\":\"metakey-it-edge.service\"");
    assertThat(Ran.unhurried(inUnit.err())).isEmpty();
  }

  @Test
  void unit_whenItsProcessHasThePidOfOneThatConnected_isNotLent() throws Exception {
    Requires.program("python3");
    List<String> command = new ArrayList<>(List.of("unshare", "--pid", "--fork", "--kill-child"));
    command.addAll(
        List.of(
            "--mount-proc",
            "sh",
            "-c",
            "socket=$1; script=$2; procs=$3; shift 3; \"$@\" 2> said & daemon=$!;"
                + " until grep -q ' serves on ' said; do sleep 0.1; done;"
                + " python3 \"$script\" \"$socket\" \"$daemon\" \"$procs\"",
            "sh",
            host.socket().toString(),
            Path.of("src/test/resources/lend_pid.py").toAbsolutePath().toString(),
            cgroups().make("/system.slice/metakey-it-victim.service") + "/cgroup.procs"));
    command.addAll(host.daemonCommand().command());

    Ran ran = Ran.of(host.process(command), Host.PATIENCE).ok();

    assertThat(ran.out())
        .contains("ended before metakeyd could look who it is")
        .doesNotContain("metakey-it-victim.service");
  }

  @Test
  void watch_whenItIsNoAdmins_tellsWhoseItIsAndNothingOfTheProcess() throws Exception {
    host.start();
    Cgroups cgroups = cgroups();
    String container = id();
    String scope = "/system.slice/docker-" + container + ".scope";
    assertThat(owner(cgroups, scope, as(1000), "web.id", "web")).isEqualTo("1000:web");
    Matcher registry =
        Pattern.compile("\"registry_id\": ?\"([^\"]+)\"")
            .matcher(host.cli("list", "-o", "json").ok().out());
    assertThat(registry.find()).isTrue();
    String watch = "\"$1\" watch --since 0@" + registry.group(1) + " -o jsonl | head -n 1";
    List<String> shell = List.of("sh", "-c", watch, "sh", host.cliCommand().command().get(0));

    String told = Ran.of(host.process(concat(as(65534), shell)), Host.PATIENCE).ok().out();
    String toldAdmin = Ran.of(host.process(shell), Host.PATIENCE).ok().out();

    assertThat(told)
        .contains(
            "\"kind\":\"created\"",
            "\"peer\":{\"owner\":{\"kind\":\"user\",\"uid\":1000,\"service\":\"web\"},\"uid\":1000,"
                + "\"gid\":null,\"pid\":null,\"unit\":null,\"container\":null");
    assertThat(toldAdmin)
        .contains("\"gid\":1000", "\"container\":\"" + container.substring(0, 12) + "\"")
        .doesNotContain("\"pid\":null");
    host.cliAsNobody("history").refuses(5, "history is for admins");
    host.cliAsNobody("pending").refuses(5, "pending is for admins");
  }

  @Test
  void root_whenItHasNoCapSysAdmin_isNoAdmin() throws Exception {
    host.start();
    host.cli("register", "edge.id:8", "--service", "edge").ok();
    List<String> weak =
        List.of("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--");
    Cgroups cgroups = cgroups();
    String container = "/system.slice/docker-" + id() + ".scope";

    for (String[] words :
        List.of(
            new String[] {"history"},
            new String[] {"pending"},
            new String[] {"release", "edge.id", "--service", "web"},
            new String[] {"release", "edge.id", "--now"},
            new String[] {"release", "--uid", "0"},
            new String[] {"transfer", "edge.id", "--to", "web", "--uid", "0"})) {
      metakey(cgroups, container, weak, words).refuses(5, "metakey: ");
    }
    assertThat(owner(cgroups, container, weak, "web.id", "web")).isEqualTo("0:web");
    host.cli("history").ok();
  }

  @Test
  void daemon_whenItIsInAPidNamespaceOfItsOwn_saysOnceThatItCannotSeePeers() throws Exception {
    List<String> unshared = List.of("unshare", "--pid", "--fork", "--kill-child", "--mount-proc");
    saysThatItCannotSee(unshared, "hostPID: true");
  }

  @Test
  void daemon_whenProcHidesPeers_saysOnceThatItCannotSeeThem() throws Exception {
    List<String> hidden =
        List.of(
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount -t proc -o hidepid=2 proc /proc && install -d -o 990 -g 990 run data"
                + " && exec setpriv --reuid=990 --regid=990 --clear-groups -- \"$@\"",
            "sh");
    saysThatItCannotSee(hidden, "CAP_SYS_PTRACE");
  }

  /** Whoever may not look at root's processes cannot know whether they are of this host. */
  @Test
  void daemon_whenItIsAnOrdinaryUsers_saysThatRootIsNoAdmin() throws Exception {
    DaemonProcess daemon = startAs990("--inh-caps=-all");
    host.cli("history").refuses(5, "is for admins: root of this host");
    assertThat(host.cli("status").exits(10).out())
        .contains("CAP_SYS_PTRACE", "until then root is not an admin");
    daemon.terminate();

    startAs990("--inh-caps=-all,+sys_ptrace", "--ambient-caps=-all,+sys_ptrace");
    host.cli("history").ok();
    host.cli("status").ok();
  }

  private DaemonProcess startAs990(String... capabilities) throws Exception {
    String makeDirectories = "install -d -o 990 -g 990 run data && exec \"$@\"";
    List<String> user = new ArrayList<>(List.of("sh", "-c", makeDirectories, "sh"));
    user.addAll(List.of("setpriv", "--reuid=990", "--regid=990", "--clear-groups"));
    user.addAll(List.of(capabilities));
    return host.launch(host.process(concat(user, host.daemonCommand().command()))).awaitServing();
  }

  private void saysThatItCannotSee(List<String> before, String advice) throws Exception {
    List<String> command = concat(before, host.daemonCommand().command());
    DaemonProcess daemon = host.launch(host.process(command)).awaitServing();
    Cgroups cgroups = cgroups();

    for (int i = 0; i < 3; i++) {
      assertThat(owner(cgroups, "/system.slice/metakey-it-edge.service", 1000, "edge"))
          .isEqualTo("1000:edge");
    }

    String status = host.cli("status").exits(10).out();
    assertThat(status.split(Pattern.quote(advice), -1)).as(status).hasSize(2);
    assertThat(daemon.log().split(Pattern.quote(advice), -1)).as(daemon.log()).hasSize(2);
  }
}
