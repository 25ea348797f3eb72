package dev.metakey.server.fleet;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A cluster of real etcd members on this machine. */
final class Etcd implements AutoCloseable {
  private final Path directory;
  private final boolean secure;
  private final List<String> more;
  private final List<Member> members = new ArrayList<>();

  private record Member(String name, int client, int peer) {}

  private final Process[] processes;

  /**
   * @param directory for what the members keep
   * @param secure whether clients need certificates, which {@link Certificates} has made there
   * @param more options of each member
   */
  Etcd(Path directory, int count, boolean secure, String... more) throws IOException {
    this.directory = directory;
    this.secure = secure;
    this.more = List.of(more);
    for (int i = 0; i < count; i++) {
      members.add(new Member("m" + i, freePort(), freePort()));
    }
    processes = new Process[count];
    for (int i = 0; i < count; i++) {
      start(i);
    }
  }

  /** One member, without certificates, that answers. */
  static Etcd one(Path directory) throws Exception {
    Etcd etcd = new Etcd(directory, 1, false);
    etcd.await();
    return etcd;
  }

  private static Path program(String name) {
    String unpacked = System.getenv("METAKEY_TEST_ETCD");
    String path = unpacked == null ? System.getenv("PATH") : unpacked;
    Path found =
        Arrays.stream(path.split(":", -1))
            .map(each -> Path.of(each, name))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(found != null, "missing: etcd and etcdctl (etcd-server, etcd-client)");
    return found;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts a member, with what it has kept. */
  void start(int index) throws IOException {
    Member member = members.get(index);
    String client = (secure ? "https" : "http") + "://127.0.0.1:" + member.client;
    String peer = "http://127.0.0.1:" + member.peer;
    List<String> all =
        members.stream().map(each -> each.name + "=http://127.0.0.1:" + each.peer).toList();
    List<String> command =
        new ArrayList<>(
            List.of(
                program("etcd").toString(),
                "--name=" + member.name,
                "--data-dir=" + directory.resolve(member.name),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=" + String.join(",", all),
                "--logger=zap",
                "--log-level=error"));
    if (secure) {
      command.addAll(
          List.of(
              "--client-cert-auth",
              "--trusted-ca-file=" + directory.resolve("ca.pem"),
              "--cert-file=" + directory.resolve("server.pem"),
              "--key-file=" + directory.resolve("server.key")));
    }
    command.addAll(more);
    processes[index] =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(new File(directory.toFile(), member.name + ".log"))
            .start();
  }

  /** As a power loss. */
  void kill(int index) throws InterruptedException {
    processes[index].destroyForcibly().waitFor();
  }

  /** Stops a member without ending it: whoever asks it gets no answer. */
  void freeze(int index) throws Exception {
    signal("STOP", index);
  }

  void thaw(int index) throws Exception {
    signal("CONT", index);
  }

  private void signal(String name, int index) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(processes[index].pid())).start().waitFor();
  }

  List<String> endpoints() {
    return members.stream().map(member -> "127.0.0.1:" + member.client).toList();
  }

  EtcdAccess access() {
    return new EtcdAccess(endpoints(), tls("host"), "", null, 2_000);
  }

  EtcdAccess.Tls tls(String who) {
    return secure
        ? new EtcdAccess.Tls(
            directory.resolve("ca.pem"),
            directory.resolve(who + ".pem"),
            directory.resolve(who + ".key"))
        : null;
  }

  EtcdStore connect() {
    return new EtcdStore(access());
  }

  /** Returns when every member answers. */
  void await() throws Exception {
    for (String endpoint : endpoints()) {
      while (!ctlOf(endpoint, "endpoint", "health").isEmpty()) {
        Thread.sleep(50);
      }
    }
  }

  /** Returns when every member takes connections. */
  void awaitPort() throws Exception {
    for (Member member : members) {
      boolean open = false;
      while (!open) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), member.client)) {
          open = socket.isConnected();
        } catch (IOException e) {
          Thread.sleep(50);
        }
      }
    }
  }

  /** Runs etcdctl against all members; fails if it does. */
  void ctl(String... arguments) throws Exception {
    String said = ctlOf(String.join(",", endpoints()), arguments);
    if (!said.isEmpty()) {
      throw new IllegalStateException(Arrays.toString(arguments) + ": " + said);
    }
  }

  private String ctlOf(String endpoints, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(program("etcdctl").toString(), "--endpoints=" + endpoints));
    if (secure) {
      EtcdAccess.Tls tls = tls("root");
      command.addAll(List.of("--cacert=" + tls.ca(), "--cert=" + tls.cert(), "--key=" + tls.key()));
    }
    ProcessBuilder builder =
        new ProcessBuilder(Stream.concat(command.stream(), Stream.of(arguments)).toList())
            .redirectErrorStream(true);
    builder.environment().putAll(Map.of("ETCDCTL_API", "3"));
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? "" : said + " ";
  }

  @Override
  public void close() throws InterruptedException {
    for (int i : IntStream.range(0, processes.length).toArray()) {
      kill(i);
    }
  }
}
