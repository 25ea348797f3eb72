package dev.metakey.bench;

import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.WatchRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The daemon of an installation. */
final class MetakeyServer extends Server {
  /** How long it sets a released id aside. */
  static final long QUARANTINE_MS = 50;

  /** How long ids may take to become free. */
  private static final long FREED_NS = 30_000_000_000L;

  /** A name that is claimed and given back so that the daemon looks which programs are loaded. */
  private static final String LOOK = "bench.look";

  /** How many names clients share; the other ids are for names with one owner. */
  private static final int SHARED = 60;

  /** How many services of a uid may share a name, beside the one that keeps it. */
  private static final int SHARES = 7;

  private static final Metadata.Key<String> SERVICE =
      Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER);

  /** Room for 64 fields of two bytes. */
  private static final String CONFIG =
      """
      area: 216
      quarantine: %dms
      programs: %s
      bpffs: %s
      history: { keep: %d }
      policy:
      %s
      """;

  private static final String EVERYTHING =
      "  - { rule: all, allow: all, quota: { ids: 64, slot_bytes: 200 } }";

  private WatchChannels watchers = new WatchChannels(2);
  private final Path image;
  private final Path run;
  private final String programs;
  private final String bpffs;
  private int kept = 100_000;
  private String policy = EVERYTHING;
  private String limits = "";
  private String fleet = "";

  /**
   * @param run where socket and published files go: on a host that is a tmpfs
   * @param programs {@code kernel}: it looks which programs are loaded before it frees an id, which
   *     takes root; {@code none}: it frees none
   * @param bpffs where it pins maps, or {@code none}
   */
  MetakeyServer(
      Children children, Path directory, Path image, Path run, String programs, String bpffs)
      throws IOException {
    super("metakey", children, directory);
    this.image = image;
    this.run = Files.createDirectories(run);
    this.programs = programs;
    this.bpffs = bpffs;
  }

  /** Has room for 12,000 watchers, four on a connection. To be called before it starts. */
  MetakeyServer roomForWatchers() {
    watchers = new WatchChannels(4);
    limits =
        """
        limits:
          connections: { all: 4096 }
          calls: { all: 16384 }
          watches: { all: 16384 }
        """;
    return this;
  }

  /** Keeps only this many changes. To be called before it starts. */
  MetakeyServer keeping(int changes) {
    kept = changes;
    return this;
  }

  /**
   * Is in a fleet, to which all names belong that the benchmark uses. To be called before it
   * starts.
   */
  MetakeyServer inFleet(String etcd) {
    fleet = "fleet: { name: bench, endpoints: [\"%s\"], prefixes: [bench.] }\n".formatted(etcd);
    return this;
  }

  /** Has other rules. To be called before it starts. */
  MetakeyServer ruledBy(String rules) {
    policy = rules;
    return this;
  }

  @Override
  Path socket() {
    return run.resolve("metakeyd.sock");
  }

  Path run() {
    return run;
  }

  Path data() {
    return directory.resolve("data");
  }

  @Override
  List<String> command() throws IOException {
    Path config = directory.resolve("metakeyd.yaml");
    var unused =
        Files.writeString(
            config,
            CONFIG.formatted(QUARANTINE_MS, programs, bpffs, kept, policy) + limits + fleet);
    return List.of(
        image.resolve("bin/metakeyd").toString(),
        "--config",
        config.toString(),
        "--socket",
        socket().toString(),
        "--data",
        data().toString(),
        "--run",
        run.toString());
  }

  /** The options of its JVM, except those about archives of its classes. */
  List<String> jvmOptions() {
    String[] all = process().info().arguments().orElseThrow();
    return Arrays.stream(all)
        .takeWhile(word -> !word.equals("-jar") && !word.equals("-cp"))
        .filter(word -> word.startsWith("-"))
        .filter(word -> !word.matches("-XX:(Shared|Archive|AOT|.AutoCreateShared).*"))
        .toList();
  }

  /**
   * Waits until what was given back is free again. The daemon frees an id only after a look at the
   * kernel that began when the quarantine was over, and each release makes it look.
   *
   * @throws IllegalStateException if it does not free any
   */
  void awaitFreed(Connection connection) throws InterruptedException {
    ManagedChannel channel = Sockets.connect(socket());
    try {
      RegistryGrpc.RegistryBlockingStub registry = RegistryGrpc.newBlockingStub(channel);
      long endNs = System.nanoTime() + FREED_NS;
      while (registry.getStatus(GetStatusRequest.getDefaultInstance()).getRetiredIds() > 1) {
        if (System.nanoTime() > endNs) {
          throw new IllegalStateException(
              "the daemon frees no ids although their quarantine is over: is a loaded program linked to one?");
        }
        Thread.sleep(QUARANTINE_MS / 2);
        connection.call(Op.CLAIM, LOOK);
        connection.call(Op.RELEASE, LOOK);
      }
    } finally {
      var unused = channel.shutdownNow();
    }
  }

  @Override
  Connection connect() {
    return new GrpcConnection(Sockets.connect(socket()), Metakey::request);
  }

  @Override
  String nameFor(int client) {
    return "bench.client_" + client % SHARED;
  }

  @Override
  int mostClaiming() {
    return SHARED * SHARES;
  }

  /**
   * 512 clients cannot have 64 names for themselves, so they share them, each as a service of its
   * own.
   */
  @Override
  AsyncConnection connectAsync(int client) {
    return connectAs("bench-" + client / SHARED);
  }

  private GrpcConnection connectAs(String service) {
    Metadata headers = new Metadata();
    headers.put(SERVICE, service);
    return new GrpcConnection(
        Sockets.connect(socket()),
        Metakey::sharedRequest,
        MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Somebody has each name, so that there is something to share. */
  @Override
  void prepare() {
    try (Connection keeper = connectAs("bench-keeper")) {
      for (int i = 0; i < SHARED; i++) {
        keeper.call(Op.CLAIM, nameFor(i));
      }
    }
  }

  /** Has many names, with much to say of each. */
  void prepareLongAnswers() {
    ManagedChannel channel = Sockets.connect(socket());
    RegisterRequest.Builder request = RegisterRequest.newBuilder();
    for (int i = 0; i < SHARED / 2; i++) {
      request.addFields(
          FieldSpec.newBuilder()
              .setName("bench.long_" + i)
              .setSize(2)
              .setDescription("d".repeat(255)));
    }
    var unused = RegistryGrpc.newBlockingStub(channel).register(request.build());
    var unusedToo = channel.shutdownNow();
  }

  @Override
  AutoCloseable watch(String name, Runnable told) {
    ManagedChannel channel = watchers.next(socket());
    ClientCalls.asyncServerStreamingCall(
        channel.newCall(Metakey.WATCH, CallOptions.DEFAULT),
        WatchRequest.getDefaultInstance().toByteArray(),
        new Told<byte[]>(told));
    return channel::shutdownNow;
  }
}
