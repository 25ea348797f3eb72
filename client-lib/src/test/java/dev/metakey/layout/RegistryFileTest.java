package dev.metakey.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes of registry.bin, and that readers never take half a state for one. */
final class RegistryFileTest {
  private static final UUID ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

  @TempDir private Path folder;

  private static RegistryInfo info(long revision) {
    return new RegistryInfo(ID, revision, Layout.SLOTTED, 128);
  }

  /** One field in each state that an id can have. */
  private static List<Field> fields() {
    return List.of(
        new Field.Builder(
                0,
                FieldSpec.of("edge.packet_id", 8).printedAs(Format.HEX).mergedBy(Merge.BLOCK),
                FieldState.ACTIVE)
            .generation(3)
            .slot(24)
            .owners(List.of(new Owner(0x01020304, KeyStruct.UNKNOWN)))
            .created(new Stamp(5, 0))
            .build(),
        new Field.Builder(1, FieldSpec.of("a", 2).shared(), FieldState.RETIRED)
            .generation(0xfffffffe)
            .slot(0xfffe)
            .owners(List.of(new Owner(0, KeyStruct.UNKNOWN)))
            .created(new Stamp(6, 0))
            .build(),
        new Field.Builder(7, FieldSpec.of("r.r", 4), FieldState.RESERVED)
            .reservation(new Reservation(false, KeyStruct.UNKNOWN))
            .build(),
        new Field.Builder(62, FieldSpec.of("f." + "x".repeat(61), 4), FieldState.RESERVED)
            .reservation(new Reservation(true, KeyStruct.UNKNOWN))
            .build(),
        new Field.Builder(63, FieldSpec.of("gone", 4), FieldState.FREE).generation(1).build());
  }

  @Test
  void decode_whenCreated_givesTheSame() throws IOException {
    Snapshot snapshot = Snapshot.of(info(9), fields());

    RegistryFile.Published read = RegistryFile.decode(RegistryFile.create(snapshot, 1234));

    assertThat(read.publishedAtMs()).isEqualTo(1234);
    assertThat(read.snapshot().info()).isEqualTo(snapshot.info());
    assertThat(read.snapshot().header()).isEqualTo(snapshot.header());
    assertThat(read.snapshot().records()).isEqualTo(fields());
    assertThat(read.snapshot().byId(64)).isNotNull();
  }

  @Test
  void decode_whenPackedAndFull_givesTheSame() throws IOException {
    List<Field> all = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      all.add(
          new Field.Builder(id, FieldSpec.of("f.n" + id, 2 << id % 3), FieldState.ACTIVE)
              .generation(1)
              .build());
    }
    Snapshot snapshot =
        Snapshot.of(new RegistryInfo(ID, -1, Layout.PACKED, RegistryInfo.MAX_AREA_BYTES), all);
    Snapshot read = RegistryFile.decode(RegistryFile.create(snapshot, 0)).snapshot();
    assertThat(read.info()).isEqualTo(snapshot.info());
    assertThat(read.records()).isEqualTo(all);
  }

  @Test
  void decode_whenAFieldHasTexts_leavesThemOut() throws IOException {
    FieldSpec spec = FieldSpec.of("a.b", 4).describedAs("words").expiringAfter(Duration.ofHours(1));
    Field field =
        new Field.Builder(0, spec, FieldState.ACTIVE)
            .owners(List.of(new Owner(5, "edge.service"), new Owner(6, "other.service")))
            .reservation(new Reservation(false, "keys.d/a.yaml:3"))
            .created(new Stamp(1, 99))
            .expiresAtMs(77)
            .build();
    Snapshot snapshot = Snapshot.of(info(1), List.of(field));
    Field read = RegistryFile.decode(RegistryFile.create(snapshot, 0)).snapshot().byId(0);
    assertThat(read)
        .isEqualTo(
            new Field.Builder(0, FieldSpec.of("a.b", 4), FieldState.ACTIVE)
                .owners(List.of(new Owner(5, "?")))
                .created(new Stamp(1, 0))
                .build());
  }

  /** Byte for byte what a C program sees; whoever changes this breaks programs already built. */
  @Test
  void create_always_writesTheseBytes() {
    assumeTrue(
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN,
        "the expected bytes are those of a little-endian host");
    ByteBuffer file =
        RegistryFile.create(
            Snapshot.of(info(0x0102030405060708L), fields().subList(0, 1)), 0x1112131415161718L);

    assertThat(file.remaining()).isEqualTo(6272);
    assertThat(hex(file, 0, 16)).isEqualTo("4d4554414b455900" + "02000000" + "80180000");
    assertThat(hex(file, 16, 64))
        .isEqualTo(
            "0200000000000000" // seq
                + "0100000000000000" // high
                + "0100000000000000" // low
                + "0807060504030201" // revision
                + "00112233445566778899aabbccddeeff" // registry_id
                + "01" // layout
                + "10" // area8
                + "0200" // version
                + "00000000"
                + "1817161514131211"); // published_at_ms
    assertThat(hex(file, 80, 48)).isEqualTo("00".repeat(48));
    assertThat(hex(file, 128, 96))
        .isEqualTo(
            "656467652e7061636b65745f6964" // edge.packet_id
                + "00".repeat(50)
                + "0500000000000000" // revision
                + "03000000" // generation
                + "1800" // slot
                + "00" // id
                + "08" // size
                + "01" // state
                + "02" // format
                + "01" // merge
                + "01" // sharing
                + "04030201" // owner_uid
                + "00" // foreign
                + "00".repeat(7));
    assertThat(hex(file, 128 + 63 * 96, 96))
        .isEqualTo("00".repeat(78) + "3f" + "00".repeat(5) + "ffffffff" + "00".repeat(8));
  }

  private static String hex(ByteBuffer file, int offset, int bytes) {
    byte[] out = new byte[bytes];
    file.get(offset, out);
    return HexFormat.of().formatHex(out);
  }

  @Test
  void put_whenAFieldIsGone_leavesNothingOfIt() throws IOException {
    ByteBuffer key = ByteBuffer.allocate(KeyStruct.BYTES + 1);
    KeyStruct.put(key, 1, 0, fields().get(0));
    assertThat(KeyStruct.get(key, 1)).isEqualTo(fields().get(0));
    KeyStruct.put(key, 1, 0, null);
    assertThat(KeyStruct.get(key, 1)).isNull();
    KeyStruct.put(key, 1, 1, fields().get(1));
    assertThat(KeyStruct.get(key, 1)).isEqualTo(fields().get(1));
  }

  @Test
  void put_whenBufferIsBigEndian_writesHostOrderAllTheSame() {
    ByteBuffer big = ByteBuffer.allocate(KeyStruct.BYTES).order(ByteOrder.BIG_ENDIAN);
    ByteBuffer little = ByteBuffer.allocate(KeyStruct.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    KeyStruct.put(big, 0, 0, fields().get(0));
    KeyStruct.put(little, 0, 0, fields().get(0));
    assertThat(big.array()).isEqualTo(little.array());
  }

  @Test
  void update_always_leavesSeqEvenAndTwoMore() {
    ByteBuffer file = RegistryFile.create(Snapshot.of(info(1), List.of()), 0);
    assertThat(seq(file)).isEqualTo(2);
    RegistryFile.update(file, Snapshot.of(info(2), List.of()), 0);
    assertThat(seq(file)).isEqualTo(4);
  }

  @Test
  void update_whenAWriterDiedInTheMiddle_makesItReadableAgain() throws IOException {
    ByteBuffer file = RegistryFile.create(Snapshot.of(info(1), List.of()), 0);
    file.putLong(RegistryFile.SEQ, 7);
    RegistryFile.update(file, Snapshot.of(info(2), List.of()), 0);
    assertThat(seq(file)).isEqualTo(8);
    assertThat(RegistryFile.decode(file).snapshot().info().revision()).isEqualTo(2);
  }

  private static long seq(ByteBuffer file) {
    return file.getLong(RegistryFile.SEQ);
  }

  @Test
  void decode_whenSeqStaysOdd_givesUp() {
    ByteBuffer file = RegistryFile.create(Snapshot.of(info(1), List.of()), 0);
    file.putLong(RegistryFile.SEQ, 3);
    assertThatThrownBy(() -> RegistryFile.decode(file))
        .isInstanceOf(BadLayoutException.class)
        .hasMessageContaining("was being written")
        .hasMessageContaining("start metakeyd");
  }

  @Test
  void decode_whenNotOurs_saysWhatIsWrong() {
    assertRefused(file -> file.put(0, (byte) 'm'), "does not start with METAKEY");
    assertRefused(file -> file.putInt(RegistryFile.VERSION, 1), "version 1");
    assertRefused(file -> file.putInt(RegistryFile.LENGTH, 6271), "6271 bytes");
    int header = RegistryFile.HEADER;
    assertRefused(file -> file.putShort(header + HeaderStruct.VERSION, (short) 3), "version 3");
    assertRefused(file -> file.put(header + HeaderStruct.LAYOUT, (byte) 9), "layout 9");
    assertRefused(file -> file.putLong(header + HeaderStruct.LOW, 0), "header does not belong");
    int key = RegistryFile.KEYS;
    assertRefused(file -> file.put(key + KeyStruct.STATE, (byte) 200), "state 200");
    assertRefused(file -> file.put(key + KeyStruct.FORMAT, (byte) 0), "format 0");
    assertRefused(file -> file.put(key + KeyStruct.MERGE, (byte) 5), "merge 5");
    assertRefused(file -> file.put(key + KeyStruct.SHARING, (byte) 0), "sharing 0");
    assertRefused(file -> file.put(key + KeyStruct.SIZE, (byte) 3), "size 3");
    assertRefused(file -> file.put(key + KeyStruct.NAME, (byte) 0xff), "is not a field");
    assertRefused(file -> file.put(key + KeyStruct.ID, (byte) 1), "id 1 stands in the place of 0");
    assertRefused(
        file -> file.put(key, "x".repeat(64).getBytes(StandardCharsets.US_ASCII)),
        "does not end within 64");
    assertRefused(
        file -> {
          KeyStruct.put(file, key + KeyStruct.BYTES, 1, fields().get(0));
          file.put(key + KeyStruct.BYTES + KeyStruct.ID, (byte) 1);
        },
        "two ids");
  }

  private interface Damage {
    void to(ByteBuffer file);
  }

  private static void assertRefused(Damage damage, String message) {
    ByteBuffer file = RegistryFile.create(Snapshot.of(info(1), fields()), 0);
    file.order(ByteOrder.nativeOrder());
    damage.to(file);
    assertThatThrownBy(() -> RegistryFile.decode(file))
        .isInstanceOf(BadLayoutException.class)
        .hasMessageContaining(message);
  }

  @Test
  void decode_whenBufferIsNoMapping_isRefused() {
    assertThatThrownBy(() -> RegistryFile.decode(ByteBuffer.allocate(RegistryFile.BYTES)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RegistryFile.decode(ByteBuffer.allocateDirect(RegistryFile.BYTES - 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void read_whenThereIsAFile_readsIt() throws IOException {
    Path path = write(RegistryFile.create(Snapshot.of(info(3), fields()), 0));
    assertThat(RegistryFile.read(path).snapshot().records()).isEqualTo(fields());
  }

  @Test
  void read_whenItIsShortOrMissing_saysSoWithThePath() throws IOException {
    ByteBuffer file = RegistryFile.create(Snapshot.of(info(3), fields()), 0);
    Path path = write(file.limit(100));
    assertThatThrownBy(() -> RegistryFile.read(path))
        .isInstanceOf(BadLayoutException.class)
        .hasMessage(path + ": has 100 bytes of 6272");
    assertThatThrownBy(() -> RegistryFile.read(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private Path write(ByteBuffer file) throws IOException {
    Path path = folder.resolve("registry.bin");
    Files.deleteIfExists(path);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(file);
    }
    return path;
  }

  /**
   * In every state, each field has the revision as its generation, so that a mix of two states
   * shows. Readers and writer share a mapped file, as they do on a host.
   */
  @Test
  void decode_whileItIsWritten_neverGivesAMix() throws Exception {
    List<Snapshot> states = new ArrayList<>();
    for (int revision = 1; revision <= 8; revision++) {
      states.add(uniform(revision));
    }
    Path path = write(RegistryFile.create(states.get(0), 1));
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong reads = new AtomicLong();
    AtomicLong writes = new AtomicLong();
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer writable = channel.map(FileChannel.MapMode.READ_WRITE, 0, RegistryFile.BYTES);
      List<CompletableFuture<Void>> readers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        readers.add(
            CompletableFuture.runAsync(
                () -> readUntil(stop, reads, path), task -> new Thread(task).start()));
      }
      while (reads.get() < 1_000 && readers.stream().noneMatch(CompletableFuture::isDone)) {
        Snapshot next = states.get((int) (writes.incrementAndGet() % states.size()));
        RegistryFile.update(writable, next, next.info().revision());
        if (writes.get() % 64 == 0) {
          LockSupport.parkNanos(10_000); // a writer without pauses would leave readers no chance
        }
      }
      stop.set(true);
      for (var reader : readers) {
        reader.get();
      }
    }
    assertThat(writes).hasValueGreaterThan(states.size());
  }

  private static void readUntil(AtomicBoolean stop, AtomicLong reads, Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, RegistryFile.BYTES);
      while (!stop.get()) {
        try {
          assertUniform(RegistryFile.decode(mapped));
          reads.incrementAndGet();
        } catch (BadLayoutException e) {
          assertThat(e).hasMessageContaining("was being written"); // and never that it is damaged
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertUniform(RegistryFile.Published published) {
    long revision = published.snapshot().info().revision();
    assertThat(published.publishedAtMs()).isEqualTo(revision);
    assertThat(published.snapshot().records())
        .hasSize(Field.IDS)
        .allMatch(field -> field.generation() == revision)
        .allMatch(field -> field.name().equals("f%d.n%d".formatted(revision, field.id())));
  }

  private static Snapshot uniform(int revision) {
    List<Field> fields = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      FieldSpec spec = FieldSpec.of("f%d.n%d".formatted(revision, id), 8);
      fields.add(
          new Field.Builder(id, spec, FieldState.ACTIVE).generation(revision).slot(8).build());
    }
    return Snapshot.of(info(revision), fields);
  }
}
