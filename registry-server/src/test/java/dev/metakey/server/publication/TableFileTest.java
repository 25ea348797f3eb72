package dev.metakey.server.publication;

import static dev.metakey.server.publication.FakeRegistry.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableFileTest {
  private static final UUID BOOT = new UUID(3, 4);
  private static final long NOW = 1_700_000_000_000L;

  @TempDir private Path directory;
  private final FakeRegistry registry = new FakeRegistry();
  private Path path;
  private TableFile table;

  @BeforeEach
  void create() {
    path = directory.resolve("registry.bin");
    table = new TableFile(path, () -> NOW, BOOT);
  }

  private void publish(String name) throws IOException {
    var unused = registry.commit(register(name));
    table.publish(registry.snapshot());
  }

  private MappedByteBuffer map() throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, RegistryFile.BYTES);
    }
  }

  private static boolean has(RegistryFile.Published published, String name) {
    return published.snapshot().byName(name) != null;
  }

  @Test
  void publish_whenNothingIsThere_makesATableOfTheState() throws IOException {
    publish("a");

    RegistryFile.Published read = RegistryFile.read(path);
    assertThat(read.snapshot().info()).isEqualTo(registry.snapshot().info());
    assertThat(read.snapshot().header()).isEqualTo(registry.snapshot().header());
    assertThat(read.publishedAtMs()).isEqualTo(NOW);
    assertThat(has(read, "a")).isTrue();
    assertThat(table.name()).isEqualTo("registry.bin");
  }

  @Test
  void publish_whenMappedByAReader_isSeenByItAlsoAfterTheDaemonWasRestarted() throws IOException {
    publish("a");
    MappedByteBuffer reader = map();
    publish("b");
    assertThat(has(RegistryFile.decode(reader), "b")).isTrue();

    table = new TableFile(path, () -> NOW + 1, BOOT);
    publish("c");

    RegistryFile.Published seen = RegistryFile.decode(reader);
    assertThat(has(seen, "c")).isTrue();
    assertThat(seen.publishedAtMs()).isEqualTo(NOW + 1);
    assertThat(seen.bootId()).isEqualTo(BOOT);
  }

  @Test
  void publish_whenTheFileWasRemovedOrReplaced_makesItAgain() throws IOException {
    publish("a");
    Files.delete(path);
    publish("b");
    assertThat(has(RegistryFile.read(path), "b")).isTrue();

    Path another = directory.resolve("another");
    Files.writeString(another, "no table at all");
    Files.move(another, path, StandardCopyOption.REPLACE_EXISTING);
    publish("c");
    assertThat(has(RegistryFile.read(path), "c")).isTrue();
  }

  @Test
  void publish_whenTheFileWasCutOrOverwritten_makesItAgain() throws IOException {
    publish("a");
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
    publish("b");
    assertThat(has(RegistryFile.read(path), "b")).isTrue();

    Files.write(path, new byte[RegistryFile.BYTES], StandardOpenOption.WRITE);
    publish("c");
    assertThat(has(RegistryFile.read(path), "c")).isTrue();
  }

  @Test
  void publish_whenAnotherMadeTheTable_isNeverWrittenOnNorBelieved() throws Exception {
    assumeTrue(TrustedDirectory.self() == 0, "missing: root; this test gives a file away");
    publish("a");
    Files.setAttribute(path, "unix:uid", 65534);
    assertThat(table.isIntact()).isFalse();
    replacesWhatIsThere();
  }

  @Test
  void publish_whenOthersMayWriteTheTable_isReplaced() throws Exception {
    publish("a");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(table.isIntact()).isFalse();
    replacesWhatIsThere();
  }

  @Test
  void publish_whenALinkIsThere_leavesAloneWhereItLeads() throws Exception {
    publish("a");
    Path target = directory.resolve("target");
    Files.move(path, target);
    Files.createSymbolicLink(path, target);
    replacesWhatIsThere();
    assertThat(RegistryFile.read(target).snapshot().byName("b1")).isNull();
    Files.delete(path);
    Files.createLink(path, target); // another name of the same file
    replacesWhatIsThere();
    assertThat(RegistryFile.read(target).snapshot().byName("b1")).isNull();
  }

  /**
   * Does what a daemon that has just started does, and checks that the file is another one then.
   */
  private void replacesWhatIsThere() throws IOException {
    Object before = key();
    table = new TableFile(path, () -> NOW, BOOT);
    publish("b" + registry.snapshot().info().revision());
    assertThat(key()).isNotEqualTo(before);
    assertThat(table.isIntact()).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-r--r--");
  }

  private Object key() throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  @Test
  void withdraw_removesTheTableAndVoidsItForWhoHasMappedIt() throws Exception {
    publish("a");
    ByteBuffer reader = map().order(ByteOrder.nativeOrder());
    new TableFile(path, () -> NOW, BOOT).withdraw(registry.snapshot().info().registryId());
    assertThat(path).doesNotExist();
    assertThat(reader.getLong(RegistryFile.SEQ) & 1).as("odd for good").isOne();
  }

  @Test
  void publish_whenAnEarlierDaemonDiedWhileWriting_mendsTheTable() throws IOException {
    publish("a");
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer file = channel.map(FileChannel.MapMode.READ_WRITE, 0, RegistryFile.BYTES);
      file.order(ByteOrder.nativeOrder());
      file.putLong(RegistryFile.SEQ, file.getLong(RegistryFile.SEQ) | 1);
    }

    table = new TableFile(path, () -> NOW, BOOT);
    publish("b");

    assertThat(has(RegistryFile.read(path), "b")).isTrue();
  }

  @Test
  void publish_whileAReaderLooks_showsItWholeStatesOnly() throws Exception {
    publish("a");
    MappedByteBuffer reader = map();
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Long> reading =
        CompletableFuture.supplyAsync(
            () -> {
              long looks = 0;
              long revision = 0;
              while (!done.get() || looks == 0) {
                Snapshot seen = decode(reader); // checks the header against the fields
                assertThat(seen.info().revision()).isGreaterThanOrEqualTo(revision);
                boolean odd = (seen.info().revision() & 1) == 1; // revision 1 registered "a"
                assertThat(seen.resolve("toggled") == null).isEqualTo(odd);
                revision = seen.info().revision();
                looks++;
              }
              return looks;
            });
    for (int i = 0; i < 20_000; i++) {
      registry.commitMany(1);
      table.publish(registry.snapshot());
    }
    done.set(true);

    assertThat(reading.get(30, TimeUnit.SECONDS)).isPositive();
  }

  private static Snapshot decode(MappedByteBuffer reader) {
    try {
      return RegistryFile.decode(reader).snapshot();
    } catch (BadLayoutException e) {
      throw new AssertionError(e);
    }
  }
}
