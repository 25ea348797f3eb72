package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Three real etcd nodes, each a machine of its own in a {@link FleetNetwork}, that ask everybody
 * and each other for certificates.
 */
final class EtcdNodes implements AutoCloseable {
  static final int COUNT = 3;

  /** Beside many daemons that start, seconds. */
  private static final int PATIENCE_S = 150;

  /** So many bytes etcd keeps, which a test can fill. */
  private static final int QUOTA_BYTES = 4 << 20;

  private final FleetNetwork network;
  private final Path directory;
  private final Path programs;
  private final Process[] processes = new Process[COUNT];
  private final List<Process> slowed = new ArrayList<>();

  /** What a node's data is in; another one after each restore. */
  private String data = "data0";

  EtcdNodes(FleetNetwork network, Path directory) throws Exception {
    this.network = network;
    this.directory = directory;
    this.programs = Requires.etcd();
    makeCertificates();
    for (int i = 0; i < COUNT; i++) {
      network.add(name(i), i);
    }
  }

  static String name(int node) {
    return "n" + node;
  }

  static List<String> endpoints() {
    return IntStream.range(0, COUNT).mapToObj(i -> FleetNetwork.address(i) + ":2379").toList();
  }

  private void makeCertificates() throws Exception {
    Requires.program("openssl");
    openssl("req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=ca -keyout ca.key -out ca.pem");
    Files.writeString(
        directory.resolve("ca.cnf"),
        """
        [ca]
        default_ca = here
        [here]
        database = index
        default_md = sha256
        default_crl_days = 9
        """);
    Files.createFile(directory.resolve("index"));
    String addresses = "IP:%s,IP:%s,IP:%s,IP:127.0.0.1";
    Files.writeString(
        directory.resolve("san"),
        "subjectAltName="
            + addresses.formatted(
                IntStream.range(0, COUNT).mapToObj(FleetNetwork::address).toArray())
            + "\n");
    for (String who : List.of("etcd", "host", "revoked")) {
      openssl(
          "req -newkey rsa:2048 -nodes -subj /CN=%1$s -keyout %1$s.key -out %1$s.csr"
              .formatted(who));
      openssl(
          "x509 -req -in %1$s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile san -out %1$s.pem"
              .formatted(who));
    }
    openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem");
    openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem");
    openssl("crl -in crl.pem -outform DER -out crl.der");
  }

  private void openssl(String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ", -1)));
    Ran.of(new ProcessBuilder(command).directory(directory.toFile()), Host.PATIENCE).ok();
  }

  /** A certificate or a key that etcd knows. */
  Path file(String name) {
    return directory.resolve(name);
  }

  private static String cluster() {
    return String.join(
        ",", IntStream.range(0, COUNT).mapToObj(i -> name(i) + "=" + peer(i)).toList());
  }

  private static String peer(int node) {
    return "https://%s:2380".formatted(FleetNetwork.address(node));
  }

  private Path dataOf(int node) {
    return directory.resolve(name(node) + "-" + data);
  }

  void start(int node) throws IOException {
    String client = "https://%s:2379".formatted(FleetNetwork.address(node));
    List<String> command = network.in(name(node));
    command.addAll(
        List.of(
            programs.resolve("etcd").toString(),
            "--name=" + name(node),
            "--data-dir=" + dataOf(node),
            "--listen-client-urls=" + client,
            "--advertise-client-urls=" + client,
            "--listen-peer-urls=" + peer(node),
            "--initial-advertise-peer-urls=" + peer(node),
            "--initial-cluster=" + cluster(),
            "--quota-backend-bytes=" + QUOTA_BYTES,
            "--logger=zap",
            "--log-level=error"));
    for (String side : List.of("", "peer-")) {
      command.addAll(
          List.of(
              "--%sclient-cert-auth".formatted(side),
              "--%strusted-ca-file=%s".formatted(side, file("ca.pem")),
              "--%scert-file=%s".formatted(side, file("etcd.pem")),
              "--%skey-file=%s".formatted(side, file("etcd.key"))));
    }
    command.add("--client-crl-file=" + file("crl.der"));
    processes[node] =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve(name(node) + ".log").toFile()))
            .start();
  }

  void startAll() throws Exception {
    for (int i = 0; i < COUNT; i++) {
      start(i);
    }
    awaitHealthy();
  }

  /** As a power loss. */
  void kill(int... nodes) throws InterruptedException {
    for (int node : nodes) {
      processes[node].destroyForcibly().waitFor();
    }
  }

  /** Returns when each node answers. */
  void awaitHealthy() throws Exception {
    Host.await(
        PATIENCE_S, "each node of etcd is healthy", () -> ctlRan("endpoint", "health").exit() == 0);
  }

  /** Runs etcdctl, which has to succeed. */
  String ctl(String... arguments) throws Exception {
    return ctlRan(arguments).ok().out();
  }

  Ran ctlRan(String... arguments) throws Exception {
    return Ran.of(ctlCommand(String.join(",", endpoints()), arguments), Host.PATIENCE);
  }

  private ProcessBuilder ctlCommand(String endpoints, String... arguments) {
    List<String> command = network.in(name(0));
    command.addAll(
        List.of(
            programs.resolve("etcdctl").toString(),
            "--endpoints=" + endpoints,
            "--command-timeout=20s", // a machine with many daemons is slow
            "--cacert=" + file("ca.pem"),
            "--cert=" + file("etcd.pem"),
            "--key=" + file("etcd.key")));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().putAll(Map.of("ETCDCTL_API", "3"));
    return builder;
  }

  /** The revision that etcd is at. */
  long revision() throws Exception {
    String said = ctl("get", "/", "--write-out=json");
    return Long.parseLong(said.replaceAll(".*\"revision\":(\\d+).*", "$1").strip());
  }

  /** How many keys of the fleet begin so. */
  int count(String prefix) throws Exception {
    String said = ctl("get", "--prefix", "--keys-only", "/metakey/v1/production/" + prefix);
    return (int) said.lines().filter(line -> !line.isBlank()).count();
  }

  /** Forgets all changes until now. */
  void compact() throws Exception {
    ctl("compact", Long.toString(revision()));
  }

  /** Writes something else until etcd takes no more. */
  void fill() throws Exception {
    Files.writeString(directory.resolve("big"), "x".repeat(1 << 20));
    Ran last;
    int written = 0;
    do {
      assertThat(++written).as("how often a MiB fits in").isLessThan(20);
      ProcessBuilder put = ctlCommand(endpoints().get(1), "put", "/other/" + written);
      put.command().addAll(0, List.of("sh", "-c", "exec \"$@\" < big", "sh"));
      last = Ran.of(put, Host.PATIENCE);
    } while (last.exit() == 0);
    assertThat(last.err()).contains("database space exceeded");
  }

  /** As an admin of etcd does after {@link #fill}. */
  void makeRoom() throws Exception {
    ctl("del", "--prefix", "/other/");
    compact();
    ctl("defrag");
    ctl("alarm", "disarm");
  }

  /**
   * Each answer takes a third of a second, where the kernel can do that to a network. Elsewhere
   * each node stands still for a third of a second, again and again.
   */
  void slowDown() throws Exception {
    for (int i = 0; i < COUNT; i++) {
      String[] netem = "tc qdisc add dev eth0 root netem delay 300ms".split(" ", -1);
      if (!network.succeeds(name(i), netem)) {
        String still = "while kill -STOP $0; do sleep 0.3; kill -CONT $0; sleep 0.1; done";
        String pid = Long.toString(processes[i].pid());
        slowed.add(
            new ProcessBuilder("sh", "-c", still, pid)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start());
      }
    }
  }

  void speedUp() throws Exception {
    boolean byNetem = slowed.isEmpty();
    for (Process process : slowed) {
      process.destroyForcibly().waitFor();
    }
    slowed.clear();
    for (int i = 0; i < COUNT; i++) {
      if (byNetem) {
        assertThat(network.succeeds(name(i), "tc", "qdisc", "del", "dev", "eth0", "root")).isTrue();
      } else {
        signal("CONT", i);
      }
    }
  }

  private void signal(String name, int node) throws Exception {
    String pid = Long.toString(processes[node].pid());
    Ran.of(new ProcessBuilder("kill", "-" + name, pid), Host.PATIENCE).ok();
  }

  void save(String snapshot) throws Exception {
    Ran.of(
            ctlCommand(endpoints().get(0), "snapshot", "save", file(snapshot).toString()),
            Host.PATIENCE)
        .ok();
  }

  /** All nodes begin anew with what they had then. */
  void restore(String snapshot) throws Exception {
    kill(0, 1, 2);
    data = "after-" + snapshot;
    for (int i = 0; i < COUNT; i++) {
      ctl(
          "snapshot",
          "restore",
          file(snapshot).toString(),
          "--name=" + name(i),
          "--initial-cluster=" + cluster(),
          "--initial-advertise-peer-urls=" + peer(i),
          "--data-dir=" + dataOf(i));
    }
    startAll();
  }

  @Override
  public void close() throws Exception {
    for (Process process : slowed) {
      process.destroyForcibly().waitFor();
    }
    for (Process process : processes) {
      if (process != null) {
        assertThat(process.destroyForcibly().waitFor(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }
}
