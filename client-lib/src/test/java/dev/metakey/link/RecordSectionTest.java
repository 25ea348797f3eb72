package dev.metakey.link;

import static dev.metakey.link.ObjectBuilder.RECORDS;
import static dev.metakey.link.ObjectBuilder.RECORDS_AT;
import static dev.metakey.link.ObjectBuilder.record;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Role;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RecordSectionTest {
  private static final UUID REGISTRY = UUID.fromString("6f2d1c1e-7f4b-4c39-9d0a-5a1f2f1f6f10");
  private static final FieldUse.Place PLACE =
      new FieldUse.Place(
          REGISTRY, Layout.SLOTTED, 128, Tag.of(new byte[] {1, 2, 3, 4, 5, 6}), 5, 7, 24);

  @TempDir static Path directory;

  private static Path file(byte[] bytes) throws IOException {
    return Files.write(directory.resolve("prog.bpf.o"), bytes);
  }

  private static List<FieldUse> records(byte[] bytes) throws IOException {
    Path path = file(bytes);
    try (FileChannel file = FileChannel.open(path)) {
      return RecordSection.read(path, file).records();
    }
  }

  /** Links every record to the same place; empty if the object is refused, as it may be. */
  private static Optional<byte[]> linked(byte[] bytes) throws IOException {
    Path path = file(bytes);
    Path out = directory.resolve("out");
    try (FileChannel file = FileChannel.open(path);
        FileChannel to =
            FileChannel.open(
                out,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      RecordSection section = RecordSection.read(path, file);
      section.copy(file, to, section.records().stream().map(use -> use.at(PLACE)).toList());
    } catch (MetakeyException e) {
      assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST);
      assertThat(e.text()).contains("prog.bpf.o: ");
      return Optional.empty();
    }
    return Optional.of(Files.readAllBytes(out));
  }

  /** Only what linking fills in may differ, and only where there is a record. */
  private static void assertOnlyRecordsDiffer(byte[] before, byte[] after) {
    assertThat(after).hasSameSizeAs(before);
    for (int at = Arrays.mismatch(before, after); at >= 0; ) {
      int start = at;
      boolean inside = false;
      // A record starts with its magic, in either order, at most a record's length before.
      for (int back = RecordStruct.MARK; back < RecordStruct.BYTES && !inside; back++) {
        inside = start >= back && isRecord(before, start - back);
      }
      assertThat(inside).as("byte %d is behind a record's name", at).isTrue();
      int next = Arrays.mismatch(before, at + 1, before.length, after, at + 1, after.length);
      at = next < 0 ? -1 : at + 1 + next;
    }
  }

  private static boolean isRecord(byte[] bytes, int at) {
    int magic = ByteBuffer.wrap(bytes).getInt(at);
    return magic == RecordStruct.MAGIC_NUMBER
        || magic == Integer.reverseBytes(RecordStruct.MAGIC_NUMBER);
  }

  @ParameterizedTest
  @MethodSource("twoFields")
  void read_whenEitherByteOrder_findsTheRecords(ObjectBuilder object) throws IOException {
    assertThat(records(object.array()))
        .containsExactly(
            new FieldUse("edge.hop", 2, Role.PRODUCES, null),
            new FieldUse("edge.flow", 8, Role.CONSUMES, null));
  }

  static List<ObjectBuilder> twoFields() {
    return ObjectBuilder.twoFields();
  }

  @ParameterizedTest
  @MethodSource("twoFields")
  void copy_whenLinked_isReadBackAndDiffersOnlyInRecords(ObjectBuilder object) throws IOException {
    byte[] linked = linked(object.array()).orElseThrow();

    assertOnlyRecordsDiffer(object.array(), linked);
    assertThat(records(linked)).extracting(FieldUse::place).containsExactly(PLACE, PLACE);
    assertThat(linked(linked)).hasValue(linked);
  }

  @ParameterizedTest
  @MethodSource("twoFields")
  void read_whenCutShortAnywhere_isRefused(ObjectBuilder object) throws IOException {
    byte[] whole = object.array();
    for (int length = 0; length < whole.length; length++) {
      assertThat(linked(Arrays.copyOf(whole, length))).as("%d bytes", length).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("twoFields")
  void read_whenAnyByteOfAnyHeaderIsAnything_refusesOrStaysInside(ObjectBuilder object)
      throws IOException {
    byte[] whole = object.array();
    int refused = 0;
    for (int at = 0; at < whole.length; at++) {
      boolean code = at >= 64 && at < RECORDS_AT;
      boolean secondRecord = at >= record(1) && at < object.namesAt;
      if (code || secondRecord) {
        continue; // checking the first record is enough
      }
      byte was = whole[at];
      for (int flip : new int[] {0x01, 0x80, was}) {
        whole[at] = (byte) (was ^ flip);
        Optional<byte[]> linked = linked(whole);
        refused += linked.isEmpty() ? 1 : 0;
        linked.ifPresent(bytes -> assertOnlyRecordsDiffer(whole, bytes));
      }
      whole[at] = was;
    }
    assertThat(refused).isGreaterThan(300);
  }

  static Stream<Arguments> faults() {
    return Stream.of(
        fault("at byte 0: not an ELF object", o -> o.bytes.put(0, (byte) 'B')),
        fault("at byte 4: ELF class 1", o -> o.bytes.put(4, (byte) 1)),
        fault("at byte 5: byte order 3", o -> o.bytes.put(5, (byte) 3)),
        fault("at byte 16: ELF type 2, not a relocatable", o -> o.bytes.putShort(16, (short) 2)),
        fault("at byte 18: machine 62, not BPF", o -> o.bytes.putShort(18, (short) 62)),
        fault("at byte 60: 0 sections", o -> o.bytes.putShort(60, (short) 0)),
        fault("at byte 60: 65535 sections", o -> o.bytes.putShort(60, (short) -1)),
        fault("at byte 40: the section headers are", o -> o.bytes.putLong(40, Long.MAX_VALUE)),
        fault("at byte 40: the section headers are", o -> o.bytes.putLong(40, -64)),
        fault("at byte 62: section 9 is to hold", o -> o.bytes.putShort(62, (short) 9)),
        fault("is not a plain string table", o -> o.bytes.putShort(62, (short) 1)),
        fault("the name of section 2 starts", o -> o.bytes.putInt(o.at(RECORDS), -1)),
        fault("there is no section .rodata.metakey", o -> o.bytes.putInt(o.at(RECORDS), 1)),
        fault("sections 1 and 2 are both named", o -> o.bytes.putInt(o.at(1), 7)),
        fault("(no bytes in the file)", o -> o.bytes.putInt(o.at(RECORDS) + 4, 8)),
        fault("has type 4;", o -> o.bytes.putInt(o.at(RECORDS) + 4, 4)),
        fault("is compressed", o -> o.bytes.putLong(o.at(RECORDS) + 8, 0x802)),
        fault("has 207 bytes; allowed", o -> o.bytes.putLong(o.at(RECORDS) + 32, 207)),
        fault("has 0 bytes; allowed", o -> o.bytes.putLong(o.at(RECORDS) + 32, 0)),
        fault("is it cut short", o -> o.bytes.putLong(o.at(RECORDS) + 32, Long.MAX_VALUE)),
        fault("is it cut short", o -> o.bytes.putLong(o.at(RECORDS) + 24, -1)),
        fault("overlaps the ELF or", o -> o.bytes.putLong(o.at(RECORDS) + 24, 8)),
        fault("overlaps section 1", o -> o.bytes.putLong(o.at(1) + 24, 100)),
        fault("overlaps the ELF or", o -> o.bytes.putLong(o.at(RECORDS) + 24, o.tableAt)),
        fault("at byte 184: record 1: +0: magic", o -> o.bytes.putInt(record(1), 0)),
        fault("record 1: +4: version 1", o -> o.bytes.put(record(1) + 4, (byte) 1)),
        fault("record 0: role 3", o -> o.bytes.put(record(0) + 5, (byte) 3)),
        fault("record 0: +6: size 3", o -> o.bytes.put(record(0) + 6, (byte) 3)),
        fault("record 0: +8: name 'Edge", o -> o.bytes.put(record(0) + 8, (byte) 'E')),
        fault("record 0: +8: the name is empty", o -> o.bytes.put(record(0) + 8, (byte) 0)),
        fault(
            "does not end within 64 bytes",
            o -> o.bytes.put(record(0) + 8, "x".repeat(64).getBytes(US_ASCII))));
  }

  private static Arguments fault(String says, Consumer<ObjectBuilder> change) {
    return Arguments.of(says, change);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void read_whenSomethingIsWrong_saysWhatAndWhere(String says, Consumer<ObjectBuilder> change) {
    for (ObjectBuilder object : twoFields()) {
      change.accept(object);
      assertThatThrownBy(() -> records(object.array()))
          .isInstanceOf(MetakeyException.class)
          .hasMessageContaining(says);
    }
  }

  @Test
  void read_whenThereAreTooManyRecords_isRefused() {
    FieldUse[] uses = new FieldUse[RecordSection.MAX_RECORDS + 1];
    Arrays.fill(uses, ObjectBuilder.consumes("edge.flow", 8));
    ObjectBuilder object = new ObjectBuilder(ByteOrder.LITTLE_ENDIAN, uses);

    assertThatThrownBy(() -> records(object.array())).hasMessageContaining("1 to 1024 records");
  }

  @Test
  void read_whenTheFileIsHuge_isRefusedUnread() throws IOException {
    Path path = directory.resolve("huge");
    try (FileChannel file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      file.write(ByteBuffer.allocate(1), ElfSections.MAX_FILE_BYTES);
      assertThatThrownBy(() -> RecordSection.read(path, file)).hasMessageContaining("256 MiB");
    }
  }

  @Test
  void copy_whenTheObjectChangedMeanwhile_fails() throws IOException {
    ObjectBuilder object = ObjectBuilder.twoFields(ByteOrder.LITTLE_ENDIAN);
    Path path = file(object.array());
    try (FileChannel file =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel to =
            FileChannel.open(
                directory.resolve("changed"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      RecordSection section = RecordSection.read(path, file);
      List<FieldUse> places = new ArrayList<>();
      section.records().forEach(use -> places.add(use.at(PLACE)));
      file.write(ByteBuffer.wrap(new byte[] {'z'}), record(0) + 8);

      assertThatThrownBy(() -> section.copy(file, to, places))
          .hasMessageContaining("changed while it was linked");
    }
  }

  /**
   * In a normal run: the seeds in src/test/resources. To fuzz for real, for five minutes:
   *
   * <pre>
   * JAZZER_FUZZ=1 mvn -Djazzer.hooks=true -pl client-lib -am test -Dtest=RecordSectionTest#read_whenFuzzed* \
   *     -Dsurefire.failIfNoSpecifiedTests=false
   * </pre>
   */
  @FuzzTest(maxDuration = "5m")
  void read_whenFuzzed_refusesOrStaysInside(byte[] bytes) throws IOException {
    linked(bytes).ifPresent(after -> assertOnlyRecordsDiffer(bytes, after));
  }
}
