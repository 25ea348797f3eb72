package dev.metakey.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against a registry in memory on a real unix socket. */
final class MetakeyClientTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** Far more than the short limits in use here, and far less than {@link #MINUTE}. */
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir private Path folder;
  private final AtomicReference<FakeDaemon> running = new AtomicReference<>();

  @AfterEach
  void stopDaemon() {
    FakeDaemon daemon = running.get();
    if (daemon != null) {
      daemon.close();
    }
  }

  private Path socket() {
    return folder.resolve("metakeyd.sock");
  }

  private FakeDaemon daemon() {
    FakeDaemon daemon = FakeDaemon.started(socket());
    running.set(daemon);
    return daemon;
  }

  private ClientBuilder builder() {
    return new ClientBuilder(name -> null).socket(socket());
  }

  private void publish(FakeDaemon daemon) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            folder.resolve("registry.bin"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(RegistryFile.create(daemon.snapshot(), 1));
    }
  }

  @Test
  void register_whenNew_givesOutcomeAndPlace() {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().connect()) {
      var first = client.register(FieldSpec.of("edge.packet_id", 8));
      var second = client.register(FieldSpec.of("edge.packet_id", 8));

      assertThat(first.stale()).isFalse();
      assertThat(first.info()).isEqualTo(daemon.snapshot().info());
      assertThat(first.value()).hasSize(1);
      assertThat(first.value().get(0).outcome()).isEqualTo(Outcome.CREATED);
      assertThat(second.value().get(0).outcome()).isEqualTo(Outcome.EXISTING);
      assertThat(second.value().get(0).field())
          .isEqualTo(daemon.snapshot().byName("edge.packet_id"));
    }
  }

  @Test
  void call_whenRefused_carriesReasonAndFactsAndCause() {
    FakeDaemon daemon = daemon();
    daemon.refuseEverything(
        new MetakeyException(Reason.NO_FREE_ID, "all 64 are used", Map.of("limit", "64")));
    try (MetakeyClient client = builder().connect()) {
      MetakeyException e =
          catchThrowableOfType(
              MetakeyException.class, () -> client.register(FieldSpec.of("a.b", 4)));
      assertThat(e.reason()).isEqualTo(Reason.NO_FREE_ID);
      assertThat(e.facts()).containsEntry("limit", "64");
      assertThat(e).hasMessage("all 64 are used").hasCauseInstanceOf(RuntimeException.class);
    }
  }

  @Test
  void call_whenDaemonWasRestarted_connectsAgain() {
    FakeDaemon daemon = daemon();
    daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      assertThat(client.resolve("edge.a").value()).hasSize(1);
      for (int i = 0; i < 3; i++) {
        daemon.kill();
        assertThatThrownBy(() -> client.resolve("edge.a")).isInstanceOf(MetakeyException.class);
        daemon.start();
        assertThat(client.resolve("edge.a").stale()).isFalse();
      }
    }
  }

  @Test
  void call_whenServiceIsClaimed_sendsIt() {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().service("edge-xdp").connect()) {
      assertThat(client.list().value()).isNotEmpty();
    }
    assertThat(daemon.services).contains("edge-xdp").doesNotContain("null");
  }

  @Test
  void builder_whenEnvironmentNamesThings_takesThem() {
    FakeDaemon daemon = daemon();
    Map<String, String> environment =
        Map.of("METAKEY_SOCKET", socket().toString(), "METAKEY_SERVICE", "from-env");
    try (MetakeyClient client = new ClientBuilder(environment::get).connect()) {
      assertThat(client.socket()).isEqualTo(socket());
      assertThat(client.header().value()).isEqualTo(daemon.snapshot().header());
    }
    assertThat(daemon.services).contains("from-env");
  }

  @Test
  void builder_whenVariableIsEmpty_takesTheDefault() {
    var builder = new ClientBuilder(name -> "").connectTimeout(Duration.ZERO);
    assertThat(refusal(builder).getMessage()).contains("/run/metakey/metakeyd.sock");
  }

  @Test
  void connect_whenPathIsTooLong_saysTheLimit() {
    var builder = builder().socket(Path.of("/" + "x".repeat(107)));
    MetakeyException e = refusal(builder);
    assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(e).hasMessageContaining("108 bytes").hasMessageContaining("at most 106");
  }

  @Test
  void connect_whenServiceIsNoName_isRefused() {
    assertThat(refusal(builder().service("a b")).reason()).isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void connect_whenTimeoutIsOutOfRange_isRefused() {
    assertThat(refusal(builder().callTimeout(Duration.ZERO)).reason())
        .isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refusal(builder().connectTimeout(Duration.ofMillis(-1))).reason())
        .isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void connect_whenThereIsNoSocket_saysSo() {
    MetakeyException e = refusal(builder().connectTimeout(Duration.ZERO));
    assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE);
    assertThat(e)
        .hasMessageContaining(socket().toString())
        .hasMessageContaining("no such file")
        .hasMessageContaining("start metakeyd")
        .hasMessageContaining("METAKEY_SOCKET");
    assertThat(e.facts()).containsEntry("found", "no such file");
  }

  @Test
  void connect_whenNobodyListens_saysSo() throws IOException {
    deadSocket();
    assertThat(refusal(builder().connectTimeout(Duration.ZERO)))
        .hasMessageContaining("connection refused");
  }

  @Test
  void connect_whenItIsAPlainFile_saysSo() throws IOException {
    Files.createFile(socket());
    assertThat(refusal(builder().connectTimeout(Duration.ZERO)))
        .hasMessageContaining("not a socket");
  }

  @Test
  void connect_whenNobodyAnswers_givesUpAfterTheCallTimeout() throws IOException {
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket()));
      var builder = builder().connectTimeout(Duration.ZERO).callTimeout(Duration.ofMillis(50));
      assertThat(refusal(builder)).hasMessageContaining("did not answer within 50 ms");
    }
  }

  @Test
  void connect_whenNobodyAnswers_endsWithItsOwnTimeout() throws IOException {
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket()));
      var builder = builder().connectTimeout(Duration.ofMillis(200)).callTimeout(MINUTE);
      assertTimeoutPreemptively(
          SOON, () -> assertThat(refusal(builder)).hasMessageContaining("did not answer within"));
    }
  }

  @Test
  void connect_whenTheListenersQueueIsFull_endsWithItsOwnTimeout() throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(socket());
    List<SocketChannel> queued = new ArrayList<>();
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(address, 1);
      while (isTaken(address, queued)) {}

      var builder = builder().connectTimeout(Duration.ofMillis(200));
      assertTimeoutPreemptively(
          SOON,
          () ->
              assertThat(refusal(builder))
                  .hasMessageContaining("let nobody in within")
                  .hasMessageContaining("too many clients connect at once"));
    } finally {
      for (SocketChannel channel : queued) {
        channel.close();
      }
    }
  }

  @Test
  void connect_whenTheDaemonLetsNobodyIn_saysWhatItSaid() throws Exception {
    byte[] why = "uid 7 connects too often".getBytes(UTF_8);
    ByteBuffer frames =
        ByteBuffer.allocate(100)
            .put(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS
            .put(new byte[] {0, 0, (byte) (8 + why.length), 7, 0, 0, 0, 0, 0}) // GOAWAY
            .putInt(0)
            .putInt(0xb)
            .put(why)
            .flip();
    try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listening.bind(UnixDomainSocketAddress.of(socket()));
      Thread refusing = new Thread(() -> refuseAll(listening, frames));
      refusing.start();

      var builder = builder().connectTimeout(Duration.ZERO).callTimeout(Duration.ofSeconds(3));
      assertThatThrownBy(
              () -> {
                try (MetakeyClient client = builder.connect()) {
                  client.status();
                }
              })
          .hasMessageContaining("let nobody in within 3000 ms: uid 7 connects too often");
      listening.close();
      refusing.join();
    }
  }

  /** Says why, and lets the other end hang up: one that is still writing would not see it. */
  private static void refuseAll(ServerSocketChannel listening, ByteBuffer frames) {
    try {
      while (true) {
        listening.accept().write(frames.duplicate());
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  /** Not even where one attempt is all that a daemon gets which is not there. */
  @Test
  void connect_whenTheListenersQueueIsFull_triesUntilThereIsRoom() throws Exception {
    List<SocketChannel> queued = new ArrayList<>();
    CountDownLatch room = daemon().stopAccepting();
    AtomicReference<MetakeyClient> client = new AtomicReference<>();
    Thread connecting =
        new Thread(() -> client.set(builder().connectTimeout(Duration.ZERO).connect()));
    try {
      while (isTaken(UnixDomainSocketAddress.of(socket()), queued)) {}
      connecting.start();

      Eventually.await(
          "it has tried, and pauses",
          () ->
              Arrays.stream(connecting.getStackTrace())
                  .anyMatch(call -> call.getMethodName().equals("pause")));
      for (SocketChannel channel : queued) {
        channel.close();
      }
    } finally {
      room.countDown();
    }
    connecting.join();

    try (MetakeyClient connected = client.get()) {
      assertThat(connected.list().stale()).isFalse();
    }
  }

  /** Connects once more, and says whether that worked. */
  private static boolean isTaken(UnixDomainSocketAddress address, List<SocketChannel> queued)
      throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    queued.add(channel);
    channel.configureBlocking(false);
    try {
      return channel.connect(address);
    } catch (SocketException full) {
      return false;
    }
  }

  /** As with an old protobuf on the class path: a missing class is noticed only when it is used. */
  @ParameterizedTest
  @ValueSource(strings = {"com.google.protobuf.GeneratedMessage", "com.google.rpc.ErrorInfo"})
  void connect_whenAClassIsMissing_saysSo(String missing) throws Exception {
    try (URLClassLoader broken = without(missing)) {
      Class<?> builder = broken.loadClass(ClientBuilder.class.getName());
      Object made =
          broken.loadClass(MetakeyClient.class.getName()).getMethod("builder").invoke(null);
      assertThatThrownBy(() -> builder.getMethod("connect").invoke(made))
          .cause()
          .hasMessageContaining("does not work with the libraries that were found here")
          .hasMessageContaining(missing.replace('.', '/'));
    }
  }

  private static URLClassLoader without(String missing) throws IOException {
    List<URL> classPath = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(":", -1)) {
      classPath.add(Path.of(entry).toUri().toURL());
    }
    return new URLClassLoader(classPath.toArray(URL[]::new), ClassLoader.getPlatformClassLoader()) {
      @Override
      protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (name.equals(missing)) {
          throw new ClassNotFoundException(name);
        }
        return super.findClass(name);
      }
    };
  }

  @Test
  void calls_whenNobodyAnswers_keepTheirLimitWhateverOthersWaitFor() throws Exception {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().callTimeout(Duration.ofMillis(300)).connect()) {
      daemon.kill();
      Files.deleteIfExists(socket());
      try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        silent.bind(UnixDomainSocketAddress.of(socket()));
        var waiting =
            CompletableFuture.supplyAsync(
                () -> catchThrowable(() -> client.await(MINUTE, "edge.late")));
        silent.accept().close();
        silent.accept(); // the other thread is connecting, or about to

        assertTimeoutPreemptively(SOON, () -> assertThatThrownBy(client::status).isNotNull());
        assertThat(waiting).isNotDone();
      }
    }
  }

  @Test
  void await_whenNobodyAnswers_endsWithItsWait() throws Exception {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().callTimeout(MINUTE).connect()) {
      daemon.kill();
      Files.deleteIfExists(socket());
      try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        silent.bind(UnixDomainSocketAddress.of(socket()));
        assertTimeoutPreemptively(
            SOON,
            () ->
                assertThatThrownBy(() -> client.await(Duration.ofMillis(300), "edge.late"))
                    .isInstanceOf(MetakeyException.class));
      }
    }
  }

  @Test
  void connect_whenDaemonComesLater_waitsForIt() throws Exception {
    deadSocket();
    CompletableFuture<MetakeyClient> connecting =
        CompletableFuture.supplyAsync(
            () -> builder().connectTimeout(Eventually.PATIENCE).connect());
    assertThat(connecting).isNotDone();
    daemon();
    try (MetakeyClient client = connecting.get()) {
      assertThat(client.list().stale()).isFalse();
    }
  }

  @Test
  void connect_whenTimeIsUp_throwsWhatWasFound() {
    assertThat(refusal(builder().connectTimeout(Duration.ofMillis(60))).reason())
        .isEqualTo(Reason.UNAVAILABLE);
  }

  @Test
  void connect_whenOnlyTheFileIsThereAndThatIsEnough_answersStale() throws IOException {
    FakeDaemon daemon = daemon();
    daemon.add("edge.a", 4);
    publish(daemon);
    daemon.kill();
    try (MetakeyClient client = builder().acceptStaleStart(true).connect()) {
      assertThat(client.resolve("edge.a").stale()).isTrue();
      daemon.start();
      assertThat(client.resolve("edge.a").stale()).isFalse();
    }
  }

  @Test
  void reads_whenDaemonIsGone_answerFromTheFile() throws IOException {
    FakeDaemon daemon = daemon();
    Field field = daemon.add("edge.a", 4);
    publish(daemon);
    try (MetakeyClient client = builder().connect()) {
      daemon.kill();

      var resolved = client.resolve("edge.a", "kernel.rx_hash");
      assertThat(resolved.stale()).isTrue();
      assertThat(resolved.info()).isEqualTo(daemon.snapshot().info());
      assertThat(resolved.value()).extracting(Field::id).containsExactly(field.id(), 65);
      assertThat(resolved.value().get(0).slot()).isEqualTo(field.slot());
      assertThat(resolved.value().get(0).owners().get(0).service()).isEqualTo("?");

      assertThat(client.list().value()).hasSize(4);
      assertThat(client.list("edge.", Set.of()).value()).hasSize(1);
      assertThat(client.list("", Set.of(FieldState.FREE)).value()).isEmpty();
      assertThat(client.get("edge.a").value().id()).isEqualTo(field.id());
      assertThat(client.get(64).value().name()).isEqualTo("kernel.rx_timestamp");
      assertThat(client.header())
          .isEqualTo(Answer.stale(daemon.snapshot().info(), daemon.snapshot().header()));
    }
  }

  @Test
  void reads_whenTheFileDoesNotKnow_areUnavailableRatherThanNotFound() throws IOException {
    FakeDaemon daemon = daemon();
    publish(daemon);
    try (MetakeyClient client = builder().connect()) {
      daemon.kill();
      assertThat(reason(() -> client.resolve("edge.new"))).isEqualTo(Reason.UNAVAILABLE);
      assertThat(reason(() -> client.get("edge.new"))).isEqualTo(Reason.UNAVAILABLE);
      assertThatThrownBy(() -> client.get(5)).hasMessageContaining("does not have id 5");
    }
  }

  @Test
  void changes_whenDaemonIsGone_neverAnswerFromTheFile() throws IOException {
    FakeDaemon daemon = daemon();
    daemon.add("edge.a", 4);
    publish(daemon);
    try (MetakeyClient client = builder().connect()) {
      daemon.kill();
      assertThat(reason(() -> client.register(FieldSpec.of("edge.a", 4))))
          .isEqualTo(Reason.UNAVAILABLE);
      assertThat(reason(() -> client.release("edge.a"))).isEqualTo(Reason.UNAVAILABLE);
      assertThat(reason(() -> client.await(Duration.ofMillis(30), "edge.a")))
          .isEqualTo(Reason.UNAVAILABLE);
    }
  }

  @Test
  void call_whenDaemonHangs_givesUpAfterTheCallTimeout() {
    daemon();
    try (MetakeyClient client = builder().callTimeout(Duration.ofMillis(300)).connect()) {
      assertThatThrownBy(client::status).hasMessageContaining("did not answer within 300 ms");
    }
  }

  @Test
  void await_whenNameComesLater_answersThen() throws Exception {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().connect()) {
      var waiting =
          CompletableFuture.supplyAsync(() -> client.await(Eventually.PATIENCE, "edge.late"));
      Eventually.await("a waiting resolve", () -> daemon.waiting() == 1);
      daemon.add("edge.late", 8);
      assertThat(waiting.get().value().get(0).name()).isEqualTo("edge.late");
    }
  }

  @Test
  void await_whenTheWaitIsOutOfRange_isRefused() {
    daemon();
    try (MetakeyClient client = builder().connect()) {
      for (Duration wait :
          List.of(
              Duration.ZERO,
              Duration.ofMillis(-1),
              Duration.ofHours(24).plusMillis(1),
              Duration.ofSeconds(Long.MAX_VALUE))) {
        assertThat(reason(() -> client.await(wait, "edge.a"))).isEqualTo(Reason.INVALID_REQUEST);
      }
    }
  }

  @Test
  void await_whenDaemonIsRestarted_asksAgain() throws Exception {
    FakeDaemon daemon = daemon();
    try (MetakeyClient client = builder().connect()) {
      var waiting =
          CompletableFuture.supplyAsync(() -> client.await(Eventually.PATIENCE, "edge.late"));
      Eventually.await("a waiting resolve", () -> daemon.waiting() == 1);
      daemon.kill();
      daemon.start();
      Eventually.await("a waiting resolve", () -> daemon.waiting() == 1);
      daemon.add("edge.late", 8);
      assertThat(waiting.get().value().get(0).name()).isEqualTo("edge.late");
    }
  }

  @Test
  void call_whenInterrupted_keepsTheFlagAndSaysSo() throws Exception {
    FakeDaemon daemon = daemon();
    publish(daemon);
    try (MetakeyClient client = builder().connect()) {
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      AtomicBoolean flag = new AtomicBoolean();
      Thread thread =
          new Thread(
              () -> {
                thrown.set(catchThrowable(() -> client.await(Eventually.PATIENCE, "edge.late")));
                flag.set(Thread.currentThread().isInterrupted());
              });
      thread.start();
      Eventually.await("a waiting resolve", () -> daemon.waiting() == 1);
      thread.interrupt();
      thread.join();
      assertThat(thrown.get())
          .isInstanceOf(MetakeyException.class)
          .hasMessageContaining("interrupted")
          .hasCauseInstanceOf(InterruptedException.class);
      assertThat(flag).isTrue();
    }
  }

  @Test
  void connect_whenInterruptedBetweenAttempts_keepsTheFlagAndSaysSo() throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicBoolean flag = new AtomicBoolean();
    Thread thread =
        new Thread(
            () -> {
              var builder = builder().connectTimeout(Eventually.PATIENCE);
              thrown.set(catchThrowable(builder::connect));
              flag.set(Thread.currentThread().isInterrupted());
            });
    thread.start();
    Eventually.await("a sleep", () -> thread.getState() == Thread.State.TIMED_WAITING);
    thread.interrupt();
    thread.join();
    assertThat(thrown.get())
        .isInstanceOf(MetakeyException.class)
        .hasMessageContaining("interrupted");
    assertThat(flag).isTrue();
  }

  @Test
  void read_whenInterrupted_doesNotAnswerFromTheFile() throws Exception {
    FakeDaemon daemon = daemon();
    daemon.add("edge.a", 4);
    publish(daemon);
    try (MetakeyClient client = builder().connect()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> client.resolve("edge.a")).hasMessageContaining("interrupted");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(client.resolve("edge.a").stale()).isFalse();
    }
  }

  @Test
  void close_whenCalledDuringACall_endsIt() throws Exception {
    FakeDaemon daemon = daemon();
    MetakeyClient client = builder().connect();
    var waiting =
        CompletableFuture.supplyAsync(() -> client.await(Eventually.PATIENCE, "edge.late"));
    Eventually.await("a waiting resolve", () -> daemon.waiting() == 1);
    client.close();
    assertThatThrownBy(waiting::get).isInstanceOf(ExecutionException.class);
    assertThatThrownBy(() -> client.resolve("a")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(client::view).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(client::watch).isInstanceOf(IllegalStateException.class);
    client.close();
  }

  @Test
  void close_whenEverythingWasUsed_leavesNoThread() throws Exception {
    FakeDaemon daemon = daemon();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    MetakeyClient client = builder().connect();
    client.register(FieldSpec.of("edge.a", 4));
    assertThat(client.view().get("edge.a")).isNotNull();
    Watch watch = client.watch();
    assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);
    daemon.kill();
    assertThat(watch.next()).isInstanceOf(WatchEvent.Disconnected.class);
    assertThat(catchThrowable(client::header)).isInstanceOf(MetakeyException.class);
    daemon.start();
    assertThat(client.header().stale()).isFalse();
    assertThat(names(before)).contains("metakey-client", "metakey-view");

    client.close();

    assertThat(names(before)).noneMatch(name -> name.startsWith("metakey"));
    assertThat(names(before)).noneMatch(name -> name.startsWith("grpc") && !isTheDaemons(name));
  }

  @Test
  void connect_whenItSucceeds_logsNothing() {
    daemon();
    List<LogRecord> said = new CopyOnWriteArrayList<>();
    Handler listening = new Recorder(said);
    Logger.getLogger("").addHandler(listening);
    try (MetakeyClient client = builder().connect()) {
      assertThat(client.list().stale()).isFalse();
    } finally {
      Logger.getLogger("").removeHandler(listening);
    }
    assertThat(said).extracting(LogRecord::getMessage).isEmpty();
  }

  private static final class Recorder extends Handler {
    private final List<LogRecord> said;

    Recorder(List<LogRecord> said) {
      this.said = said;
    }

    @Override
    public void publish(LogRecord record) {
      said.add(record);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void connect_whenItFails_leavesNoThread() {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    refusal(builder().connectTimeout(Duration.ofMillis(50)));
    assertThat(names(before)).isEmpty();
  }

  @Test
  void calls_whenManyThreadsConnectAtOnce_allSucceed() throws Exception {
    FakeDaemon daemon = daemon();
    daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      daemon.kill();
      daemon.start();
      CountDownLatch go = new CountDownLatch(1);
      Function<Integer, CompletableFuture<Field>> call =
          i ->
              CompletableFuture.supplyAsync(
                  () -> {
                    awaitLatch(go);
                    return client.resolve("edge.a").value().get(0);
                  },
                  task -> new Thread(task).start());
      List<CompletableFuture<Field>> calls = IntStream.range(0, 16).boxed().map(call).toList();
      go.countDown();
      for (var result : calls) {
        assertThat(result.get().name()).isEqualTo("edge.a");
      }
    }
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Threads of the fake daemon start and end on their own. */
  private static boolean isTheDaemons(String name) {
    return name.startsWith("grpc-shared") || name.startsWith("grpc-default");
  }

  private static List<String> names(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !before.contains(thread))
        .map(Thread::getName)
        .sorted()
        .toList();
  }

  private void deadSocket() throws IOException {
    try (ServerSocketChannel bound = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      bound.bind(UnixDomainSocketAddress.of(socket()));
    }
    assertThat(socket()).exists();
  }

  private static MetakeyException refusal(ClientBuilder builder) {
    return catchThrowableOfType(MetakeyException.class, () -> builder.connect().close());
  }

  private static Reason reason(Runnable call) {
    return catchThrowableOfType(MetakeyException.class, call::run).reason();
  }
}
