package dev.metakey.link;

import static dev.metakey.link.ObjectBuilder.consumes;
import static dev.metakey.link.ObjectBuilder.produces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.client.FakeDaemon;
import dev.metakey.client.MetakeyClient;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Field;
import dev.metakey.model.FieldUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.Sharing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ObjectLinkerTest {
  private enum Order {
    LITTLE(ByteOrder.LITTLE_ENDIAN),
    BIG(ByteOrder.BIG_ENDIAN);

    private final ByteOrder order;

    Order(ByteOrder order) {
      this.order = order;
    }
  }

  @TempDir Path directory;
  private Path in;
  private Path out;
  private FakeDaemon daemon;
  private MetakeyClient client;

  @BeforeEach
  void start() {
    in = directory.resolve("prog.bpf.o");
    out = directory.resolve("linked.bpf.o");
    daemon = FakeDaemon.started(directory.resolve("s"));
    daemon.looksAtPrograms(true);
    client =
        MetakeyClient.builder()
            .socket(directory.resolve("s"))
            .publishedFile(directory.resolve("registry.bin"))
            .connect();
  }

  @AfterEach
  void stop() {
    client.close();
    daemon.close();
  }

  @Test
  void link_whenTheDaemonDoesNotLookAtPrograms_isRefusedAndChangesNothing() throws IOException {
    object(produces("edge.a", 8));
    daemon.looksAtPrograms(false);
    assertThatThrownBy(this::link)
        .isInstanceOf(MetakeyException.class)
        .hasMessageContainingAll("programs: none", "programs: kernel");
    assertThatThrownBy(() -> ObjectLinker.plan(client, in, LinkOptions.DEFAULT))
        .isInstanceOf(MetakeyException.class);
    assertThat(out).doesNotExist();
  }

  private void object(FieldUse... uses) throws IOException {
    Files.write(in, new ObjectBuilder(ByteOrder.LITTLE_ENDIAN, uses).array());
  }

  private List<LinkedRecord> link(LinkOptions options) throws IOException {
    return ObjectLinker.link(client, in, out, options).value();
  }

  private List<LinkedRecord> link() throws IOException {
    return link(LinkOptions.DEFAULT);
  }

  private List<FieldUse> written() throws IOException {
    try (FileChannel file = FileChannel.open(out)) {
      return RecordSection.read(out, file).records();
    }
  }

  private void assertRefused(Reason reason, String... says) {
    assertThatThrownBy(this::link)
        .isInstanceOf(MetakeyException.class)
        .hasMessageContainingAll(says)
        .extracting(e -> ((MetakeyException) e).reason())
        .isEqualTo(reason);
    assertThat(daemon.registerRequests).isEmpty();
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() {
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).noneMatch(f -> f.equals(out) || f.toString().endsWith(".tmp"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void link_whenItProducesAndConsumes_writesBoth(Order order) throws IOException {
    Field flow = daemon.add("edge.flow", 8);
    Files.write(in, ObjectBuilder.twoFields(order.order).array());
    Files.setPosixFilePermissions(in, PosixFilePermissions.fromString("rwx------"));

    List<LinkedRecord> linked = link();

    Field hop = daemon.snapshot().resolve("edge.hop");
    assertThat(linked)
        .extracting(LinkedRecord::outcome)
        .containsExactly(LinkOutcome.CREATED, LinkOutcome.RESOLVED);
    assertThat(written())
        .extracting(FieldUse::place)
        .containsExactly(
            FieldUse.Place.of(daemon.snapshot().info(), FakeDaemon.TAG, hop),
            FieldUse.Place.of(daemon.snapshot().info(), FakeDaemon.TAG, flow));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
  }

  @ParameterizedTest
  @CsvSource({"rwxrwxrwx, rw-r-----", "rw-r--r--, rw-r-----", "r--r--r--, r--r-----"})
  void link_whenTheObjectMayBeReadByAll_writesWhatOthersMayNotRead(String of, String linked)
      throws IOException {
    object(produces("edge.hop", 2));
    Files.setPosixFilePermissions(in, PosixFilePermissions.fromString(of));

    link();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out))).isEqualTo(linked);
  }

  @Test
  void link_whenTheTagIsNotTold_registersNothing() throws IOException {
    object(produces("edge.hop", 2));
    daemon.tagRefusal = new MetakeyException(Reason.NOT_PERMITTED, "join the group");

    assertRefused(Reason.NOT_PERMITTED, "join the group");
  }

  @Test
  void link_whenLinkedAgain_givesTheSameBytesAlsoInPlace() throws IOException {
    object(produces("edge.hop", 2), consumes("edge.hop", 2), produces("edge.hop", 2));
    assertThat(link())
        .extracting(LinkedRecord::outcome)
        .containsExactly(LinkOutcome.CREATED, LinkOutcome.RESOLVED, LinkOutcome.CREATED);
    byte[] first = Files.readAllBytes(out);

    ObjectLinker.link(client, out, out, LinkOptions.DEFAULT);
    assertThat(out).hasBinaryContent(first);
    assertThat(link()).extracting(LinkedRecord::outcome).contains(LinkOutcome.EXISTING);
    assertThat(out).hasBinaryContent(first);
  }

  @Test
  void link_whenTheOutputIsASymbolicLink_keepsIt() throws IOException {
    object(produces("edge.hop", 2));
    Path real = Files.createFile(directory.resolve("real.o"));
    Files.createSymbolicLink(out, real);

    link();

    assertThat(out).isSymbolicLink();
    assertThat(Files.size(real)).isEqualTo(Files.size(in));
  }

  @Test
  void link_whenConsumedIsUnknown_changesNothingAndSaysWait() throws IOException {
    object(produces("edge.hop", 2), consumes("edge.flow", 8));

    assertRefused(Reason.NOT_FOUND, "not found", "--wait");
  }

  @Test
  void link_whenASizeDiffers_isAMismatch() throws IOException {
    daemon.add("edge.flow", 4);

    object(produces("edge.hop", 2), consumes("edge.flow", 8));
    assertRefused(Reason.MISMATCH, "edge.flow has 4 bytes", "consumes 8");
    object(produces("edge.flow", 8));
    assertRefused(Reason.MISMATCH, "edge.flow has 4 bytes", "produces 8");
  }

  @Test
  void link_whenRecordsDisagree_isRefused() throws IOException {
    object(produces("edge.hop", 2), consumes("edge.hop", 4));

    assertRefused(Reason.INVALID_REQUEST, "4 bytes in record 1 and 2 in record 0");
  }

  @Test
  void link_whenANameIsTheKernels_isRefused() throws IOException {
    object(consumes("kernel.rx_hash", 4));

    assertRefused(Reason.INVALID_NAME, "kernel.rx_hash", "metakey_hints.bpf.h");
  }

  @Test
  void link_whenThereAreMoreFieldsThanIds_isRefused() throws IOException {
    FieldUse[] uses = new FieldUse[65];
    for (int i = 0; i < uses.length; i++) {
      uses[i] = produces("many.n" + i, 2);
    }
    object(uses);

    assertRefused(Reason.INVALID_REQUEST, "65 fields", "64");
  }

  @Test
  void link_whenTheDaemonIsGone_isUnavailableAlthoughTheFileAnswers() throws IOException {
    daemon.add("edge.flow", 8);
    write(directory.resolve("registry.bin"), RegistryFile.create(daemon.snapshot(), 1));
    daemon.kill();
    object(consumes("edge.flow", 8));

    assertThat(client.list().stale()).isTrue();
    assertRefused(Reason.UNAVAILABLE, "cannot be reached");
  }

  private static void write(Path path, ByteBuffer bytes) throws IOException {
    byte[] all = new byte[bytes.remaining()];
    bytes.get(all);
    Files.write(path, all);
  }

  @Test
  void link_whenItWaits_registersFirstAndWritesWhenAllIsThere() throws Exception {
    object(produces("edge.hop", 2), consumes("edge.flow", 8));
    LinkOptions waiting = LinkOptions.DEFAULT.waiting(Duration.ofSeconds(60));
    CompletableFuture<List<LinkedRecord>> linking =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return link(waiting);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    while (daemon.waiting() == 0 && !linking.isDone()) {
      Thread.sleep(1);
    }
    assertThat(daemon.snapshot().resolve("edge.hop")).isNotNull();
    assertThat(out).doesNotExist();

    daemon.add("edge.flow", 8);

    assertThat(linking.get(60, TimeUnit.SECONDS)).hasSize(2);
    assertThat(written()).extracting(FieldUse::place).doesNotContainNull();
  }

  @Test
  void link_whenToldToShare_asksForThat() throws IOException {
    object(produces("edge.hop", 2));

    link();
    link(LinkOptions.DEFAULT.sharing());

    assertThat(daemon.registerRequests)
        .extracting(request -> request.getFields(0))
        .extracting(FieldSpec::getSharing)
        .containsExactly(Sharing.SHARING_EXCLUSIVE, Sharing.SHARING_SHARED);
  }

  @Test
  void link_whenTheDaemonRefuses_leavesTheOutputAsItWas() throws IOException {
    object(produces("edge.hop", 2));
    Files.writeString(out, "old");
    daemon.refuseEverything(new MetakeyException(Reason.NO_FREE_ID, "full"));

    assertThatThrownBy(this::link).hasMessageContaining("full");
    assertThat(out).hasContent("old");
  }

  @Test
  void link_whenTheOutputCannotBeWritten_saysSo() throws IOException {
    object(produces("edge.hop", 2));
    Path nowhere = directory.resolve("none/linked.o");

    assertThatThrownBy(() -> ObjectLinker.link(client, in, nowhere, LinkOptions.DEFAULT))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(
            nowhere.toString(), "cannot be written", "no such file or directory");
    assertThatThrownBy(() -> ObjectLinker.link(client, in, directory, LinkOptions.DEFAULT))
        .hasMessageContaining("not a regular file");
    assertThatThrownBy(
            () -> ObjectLinker.link(client, in, Path.of("/dev/null"), LinkOptions.DEFAULT))
        .hasMessageContaining("not a regular file but a device");
    assertThat(daemon.registerRequests).isEmpty();
  }

  @Test
  void link_whenTheInputCannotBeRead_saysSo() {
    assertRefused(Reason.INVALID_REQUEST, in.toString(), "no such file");
    in = directory;
    assertRefused(Reason.INVALID_REQUEST, "not a regular file");
  }

  @Test
  void plan_whenAsked_tellsAndDoesNothing() throws IOException {
    daemon.add("edge.flow", 8);
    object(produces("edge.hop", 2), consumes("edge.hop", 2), consumes("edge.flow", 8));

    List<LinkedRecord> planned = ObjectLinker.plan(client, in, LinkOptions.DEFAULT).value();

    assertThat(planned)
        .extracting(LinkedRecord::outcome)
        .containsExactly(LinkOutcome.TO_CREATE, LinkOutcome.TO_RESOLVE, LinkOutcome.RESOLVED);
    assertThat(planned.get(0).use().place()).isNull();
    assertThat(daemon.registerRequests).isEmpty();
    assertNothingIsLeft();
  }

  @Test
  void options_whenTheWaitIsOutOfRange_areRefused() {
    assertThatThrownBy(() -> LinkOptions.DEFAULT.waiting(Duration.ZERO))
        .hasMessageContaining("allowed");
    assertThatThrownBy(() -> LinkOptions.DEFAULT.waiting(Duration.ofHours(25)))
        .hasMessageContaining("allowed");
  }
}
