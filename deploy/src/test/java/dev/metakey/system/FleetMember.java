package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FleetReport;
import dev.metakey.v1.Field;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A host of a fleet: a daemon in a network namespace of its own, and a client that asks it. */
final class FleetMember implements AutoCloseable {
  /** Longer than a daemon asks etcd before it says that it is away. */
  private static final long CALL_S = 20;

  private final String name;
  private final Path root;
  private final FleetNetwork network;
  private final EtcdNodes etcd;
  private final FleetAnswers answers;
  private final List<String> before = new ArrayList<>();
  private DaemonProcess daemon;
  private Wiretap wire;

  /** The daemon is killed, or not up yet. */
  private volatile boolean down = true;

  FleetMember(
      Path directory, int number, FleetNetwork network, EtcdNodes etcd, FleetAnswers answers)
      throws Exception {
    this.name = "h" + number;
    this.root = Files.createDirectory(directory.resolve(name));
    this.network = network;
    this.etcd = etcd;
    this.answers = answers;
    network.add(name, EtcdNodes.COUNT + number);
    configure("host");
  }

  /** Whose certificate it shows to etcd, from its next start on. */
  void configure(String who) throws IOException {
    Files.writeString(
        root.resolve("metakeyd.yaml"),
        """
        area: 216
        programs: none
        policy:
          - {rule: open, allow: all, quota: {ids: 64, slot_bytes: 200}}
        fleet:
          name: production
          endpoints: [%s]
          tls: {ca: %s, cert: %s, key: %s}
          prefixes: [edge.]
          timeout: 2s
        """
            .formatted(
                String.join(", ", EtcdNodes.endpoints()),
                etcd.file("ca.pem"),
                etcd.file(who + ".pem"),
                etcd.file(who + ".key")));
  }

  /** Words before the daemon's command: to run it with another clock, say. */
  void startWith(String... words) {
    before.addAll(List.of(words));
  }

  String name() {
    return name;
  }

  private Path socket() {
    return root.resolve("metakeyd.sock");
  }

  /** Starts the daemon without waiting for it. */
  void launch() throws IOException {
    List<String> command = network.in(name);
    command.addAll(before);
    command.addAll(
        List.of(
            Image.built().bin("metakeyd").toString(),
            "--config=" + root.resolve("metakeyd.yaml"),
            "--socket=" + socket(),
            "--data=" + root.resolve("data"),
            "--run=" + root.resolve("run"),
            "--bpffs=none"));
    daemon = new DaemonProcess(new ProcessBuilder(command), socket(), root.resolve("log"));
  }

  void awaitServing() throws Exception {
    daemon.awaitServing();
    wire = new Wiretap(socket(), "service-of-" + name);
    down = false;
  }

  /** {@code kill -9}. */
  void kill() throws InterruptedException {
    down = true;
    daemon.kill();
    wire.close();
  }

  String log() throws IOException {
    return daemon.log();
  }

  /** Registers a name, and writes down what came of it. */
  void ask(String field) {
    if (down) {
      return;
    }
    Wiretap asked = wire;
    try {
      var response =
          RegistryGrpc.newBlockingStub(asked.channel())
              .withDeadlineAfter(CALL_S, TimeUnit.SECONDS)
              .register(RegisterRequest.newBuilder().addFields(Wiretap.shared(field, 2)).build());
      Field answer = response.getResults(0).getField();
      answers.add(name, field, answer.getId(), answer.getSlot(), answer.getSpec().getSize());
    } catch (StatusRuntimeException e) {
      if (!down && asked == wire) {
        answers.refused(name, field, e.getMessage());
      }
    }
  }

  /** Has it say what it has, in the end. */
  void addAll() {
    asAdmin(client -> client.list().value()).stream()
        .filter(field -> field.name().startsWith("edge."))
        .forEach(field -> answers.add(name, field.name(), field.id(), field.slot(), field.size()));
  }

  /** What the daemon says of its fleet. */
  FleetReport report() {
    return asAdmin(client -> client.admin().fleet().report().value());
  }

  /** All that etcd has of the fleet, by the daemon. */
  String export() {
    return asAdmin(client -> client.admin().fleet().export().value());
  }

  private <T> T asAdmin(Function<MetakeyClient, T> question) {
    try (MetakeyClient client =
        MetakeyClient.builder()
            .socket(socket())
            .callTimeout(Duration.ofSeconds(CALL_S))
            .connect()) {
      return question.apply(client);
    }
  }

  @Override
  public void close() throws InterruptedException {
    if (daemon != null) {
      down = true;
      daemon.kill();
    }
    if (wire != null) {
      wire.close();
    }
    assertThat(daemon == null || !daemon.isAlive()).isTrue();
  }
}
