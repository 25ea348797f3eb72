package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FleetReport;
import dev.metakey.system.FleetAnswers.Place;
import dev.metakey.v1.Field;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.RegistryGrpc.RegistryBlockingStub;
import dev.metakey.v1.ReleaseRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A host of a fleet: a daemon in a network namespace of its own, and clients that ask it. */
final class FleetMember implements AutoCloseable {
  /** Longer than a daemon asks etcd before it says that it is away. */
  private static final long CALL_S = 20;

  private static final String PREFIX = "edge.";

  private final String name;
  private final Path root;
  private final FleetNetwork network;
  private final EtcdNodes etcd;
  private final FleetAnswers answers;
  private final String config;
  private final List<String> before = new ArrayList<>();
  private DaemonProcess daemon;

  /** Connections by service, as long as the daemon is up. */
  private volatile Map<String, Wiretap> wires = Map.of();

  /** The daemon is killed, or not up yet. */
  private volatile boolean down = true;

  FleetMember(
      Path root,
      int number,
      FleetNetwork network,
      EtcdNodes etcd,
      FleetAnswers answers,
      String config)
      throws Exception {
    this.name = "h" + number;
    this.root = root;
    this.network = network;
    this.etcd = etcd;
    this.answers = answers;
    this.config = config;
    network.add(name, EtcdNodes.COUNT + number);
    configure("host");
  }

  /** Whose certificate it shows to etcd, from its next start on. */
  void configure(String who) throws IOException {
    Files.writeString(
        root.resolve("metakeyd.yaml"),
        """
        area: 216
        policy:
          - {rule: open, allow: all, quota: {ids: 64, slot_bytes: 200}}
        fleet:
          name: production
          endpoints: [%s]
          tls: {ca: %s, cert: %s, key: %s}
          prefixes: [%s]
          timeout: 2s
        """
                .formatted(
                    String.join(", ", EtcdNodes.endpoints()),
                    etcd.file("ca.pem"),
                    etcd.file(who + ".pem"),
                    etcd.file(who + ".key"),
                    PREFIX)
            + config);
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
    wires = new ConcurrentHashMap<>();
    down = false;
  }

  /** {@code kill -9}. */
  void kill() throws InterruptedException {
    down = true;
    daemon.kill();
    closeWires();
  }

  private void closeWires() {
    wires.values().forEach(Wiretap::close);
  }

  String log() throws IOException {
    return daemon.log();
  }

  private static RegistryBlockingStub registry(
      Map<String, Wiretap> wires, Path at, String service) {
    return RegistryGrpc.newBlockingStub(
            wires.computeIfAbsent(service, any -> new Wiretap(at, service)).channel())
        .withDeadlineAfter(CALL_S, TimeUnit.SECONDS);
  }

  /** Registers a shared name of two bytes, for a service that only this host has. */
  void ask(String field) {
    var unused = ask("service-of-" + name, Wiretap.shared(field, 2));
  }

  /** Registers a name, and writes down what came of it. Returns whether it was answered. */
  boolean ask(String service, FieldSpec spec) {
    if (down) {
      return false;
    }
    Map<String, Wiretap> asked = wires;
    try {
      var response =
          registry(asked, socket(), service)
              .register(RegisterRequest.newBuilder().addFields(spec).build());
      answers.add(name, service, response.getResults(0).getField());
      return true;
    } catch (StatusRuntimeException e) {
      if (!down && asked == wires) {
        answers.refused(name, service, spec.getName(), e.getMessage());
      }
      return false;
    }
  }

  /** Gives a name up for good. Where there is no answer, that was done, or was not. */
  void release(String field) {
    answers.release(name, field);
    if (!down) {
      try {
        var unused =
            registry(wires, socket(), "admin")
                .release(ReleaseRequest.newBuilder().setName(field).setNow(true).build());
      } catch (StatusRuntimeException unanswered) {
        // as it may be
      }
    }
  }

  /** Has it say what it has. */
  void sayAll() {
    List<Field> fields =
        registry(wires, socket(), "admin").list(ListRequest.getDefaultInstance()).getFieldsList();
    answers.requireAll(
        name,
        fields.stream().filter(field -> field.getSpec().getName().startsWith(PREFIX)).toList());
  }

  /** What the daemon says of its fleet. */
  FleetReport report() {
    try (MetakeyClient client =
        MetakeyClient.builder()
            .socket(socket())
            .callTimeout(Duration.ofSeconds(CALL_S))
            .connect()) {
      return client.admin().fleet().report().value();
    }
  }

  /** Where the names of the fleet are, as this daemon knows it. */
  Map<String, Place> places() {
    return report().names().stream()
        .collect(
            Collectors.toMap(
                each -> each.spec().name(), each -> new Place(each.id(), each.slot())));
  }

  @Override
  public void close() throws InterruptedException {
    if (daemon != null) {
      down = true;
      daemon.kill();
    }
    closeWires();
    assertThat(daemon == null || !daemon.isAlive()).isTrue();
  }
}
