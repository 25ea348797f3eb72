package dev.metakey.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.model.WellKnown;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of an area, one by one; AreaCodecRandomTest looks at the bytes. */
final class AreaCodecTest {
  private static final int AREA = 64;
  private static final Field WIDE = Areas.field(3, 8, 24);
  private static final Field HALF = Areas.field(5, 4, 28);
  private static final Field SMALL = Areas.field(9, 2, 30);

  private final AreaCodec slotted = AreaCodec.of(Layout.SLOTTED, AREA, Areas.TAG);
  private final AreaCodec packed = AreaCodec.of(Layout.PACKED, AREA, Areas.TAG);

  private static Snapshot snapshot(Layout layout, Field... fields) {
    return Snapshot.of(new RegistryInfo(new UUID(1, 2), 1, layout, AREA), List.of(fields));
  }

  private static ByteBuffer made(AreaCodec codec) {
    ByteBuffer buffer = ByteBuffer.allocate(codec.areaBytes());
    assertThat(codec.make(buffer, codec.areaBytes())).isTrue();
    return buffer;
  }

  /** Sets the words of a packed header. */
  private static void claim(ByteBuffer area, long high, long low) {
    area.duplicate().order(ByteOrder.nativeOrder()).putLong(0, high).putLong(8, low);
  }

  @ParameterizedTest
  @ValueSource(ints = {-8, 0, 16, 23, 25, 217, 224})
  void of_whenTheAreaIsNone_isRefused(int areaBytes) {
    assertThatThrownBy(() -> AreaCodec.of(Layout.SLOTTED, areaBytes, Areas.TAG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "an area of %d bytes; a multiple of 8 from 24 to 216 is allowed".formatted(areaBytes));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void make_whenThereIsRoom_zeroesAndMarks(Layout layout) {
    AreaCodec codec = AreaCodec.of(layout, AREA, Areas.TAG);
    ByteBuffer buffer = ByteBuffer.wrap(new byte[100]);
    for (int i = 0; i < 100; i++) {
      buffer.put(i, (byte) 7);
    }

    assertThat(codec.make(buffer, 80)).isTrue();

    byte[] expected = new byte[100];
    Arrays.fill(expected, 0, 16, (byte) 7);
    Arrays.fill(expected, 80, 100, (byte) 7);
    System.arraycopy(new byte[] {9, 8, 7, 6, 5, 4, 0, 0}, 0, expected, 80 - 8, 8);
    assertThat(buffer.array()).isEqualTo(expected);
    assertThat(codec.isOurs(buffer, 80)).isTrue();
    assertThat(codec.values(buffer, 80, snapshot(layout, WIDE))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 7, AREA - 1, 101, Integer.MAX_VALUE})
  void everything_whenTheBufferHasNoRoom_touchesNothing(int data) {
    for (AreaCodec codec : List.of(slotted, packed)) {
      ByteBuffer buffer = ByteBuffer.allocate(200).limit(100);

      assertThat(codec.make(buffer, data)).isFalse();
      assertThat(codec.isOurs(buffer, data)).isFalse();
      assertThat(codec.get(buffer, data, WIDE, 5)).isEqualTo(5);
      assertThat(codec.set(buffer, data, WIDE, 5)).isEqualTo(SetResult.NOT_OURS);
      assertThat(codec.del(buffer, data, WIDE)).isFalse();
      assertThat(codec.values(buffer, data, snapshot(codec.layout(), WIDE))).isEmpty();
      assertThat(buffer.array()).isEqualTo(new byte[200]);
    }
  }

  @Test
  void set_whenThereIsNoArea_makesNone() {
    ByteBuffer buffer = ByteBuffer.allocate(AREA);

    assertThat(slotted.set(buffer, AREA, WIDE, 1)).isEqualTo(SetResult.NOT_OURS);
    assertThat(packed.set(buffer, AREA, WIDE, 1)).isEqualTo(SetResult.NOT_OURS);
    assertThat(buffer.array()).isEqualTo(new byte[AREA]);
  }

  /** Every single bit of the mark counts. */
  @ParameterizedTest
  @EnumSource(Layout.class)
  void isOurs_whenOneBitOfTheMarkDiffers_isFalse(Layout layout) {
    AreaCodec codec = AreaCodec.of(layout, AREA, Areas.TAG);
    for (int bit = 0; bit < 64; bit++) {
      ByteBuffer area = made(codec);
      codec.set(area, AREA, WIDE, 1);
      int at = AREA - 8 + bit / 8;
      area.put(at, (byte) (area.get(at) ^ 1 << bit % 8));

      assertThat(codec.isOurs(area, AREA)).as("bit %d", bit).isFalse();
      assertThat(codec.isSet(area, AREA, WIDE)).isFalse();
      assertThat(codec.set(area, AREA, WIDE, 2)).isEqualTo(SetResult.NOT_OURS);
      assertThat(codec.del(area, AREA, WIDE)).isFalse();
    }
  }

  @Test
  void isOurs_whenTheTagIsAnother_isFalse() {
    Tag another = Tag.of(new byte[] {9, 8, 7, 6, 5, 3});
    assertThat(AreaCodec.of(Layout.SLOTTED, AREA, another).isOurs(made(slotted), AREA)).isFalse();
    assertThat(AreaCodec.of(Layout.PACKED, AREA, another).isOurs(made(packed), AREA)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void value_whenSet_isUnsignedAndOfItsSize(Layout layout) {
    AreaCodec codec = AreaCodec.of(layout, AREA, Areas.TAG);
    ByteBuffer area = made(codec);
    for (Field field : List.of(WIDE, HALF, SMALL)) {
      assertThat(codec.set(area, AREA, field, -1)).isEqualTo(SetResult.DONE);
    }

    assertThat(codec.get(area, AREA, SMALL, 0)).isEqualTo(0xffffL);
    assertThat(codec.get(area, AREA, HALF, 0)).isEqualTo(0xffff_ffffL);
    assertThat(codec.get(area, AREA, WIDE, 0)).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void field_whenItHasNoPlace_isNeverSet(Layout layout) {
    AreaCodec codec = AreaCodec.of(layout, AREA, Areas.TAG);
    ByteBuffer area = made(codec);
    byte[] before = Areas.bytes(area);
    for (Field field : new Field[] {null, WellKnown.FIELDS.get(0), Areas.field(64, 8, 24)}) {
      assertThat(codec.set(area, AREA, field, 1)).isEqualTo(SetResult.NO_PLACE);
      assertThat(codec.isSet(area, AREA, field)).isFalse();
      assertThat(codec.get(area, AREA, field, 42)).isEqualTo(42);
      assertThat(codec.del(area, AREA, field)).isFalse();
    }
    assertThat(Areas.bytes(area)).isEqualTo(before);
  }

  /** Before the area, in the bitmap, in the mark, in the packet. */
  @ParameterizedTest
  @ValueSource(ints = {AREA + 8, 65535, 16, 17, 23, 8, 0, -8})
  void slotted_whenTheSlotIsNotInTheArea_hasNoPlace(int slot) {
    ByteBuffer area = made(slotted);
    area.putLong(AREA - 16, -1L);
    byte[] before = Areas.bytes(area);
    Field field = Areas.field(0, 8, slot);

    assertThat(slotted.set(area, AREA, field, 1)).isEqualTo(SetResult.NO_PLACE);
    assertThat(slotted.isSet(area, AREA, field)).isFalse();
    assertThat(slotted.del(area, AREA, field)).isFalse();
    assertThat(Areas.bytes(area)).isEqualTo(before);
  }

  @Test
  void packed_whenFull_refusesAndStaysAsItWas() {
    ByteBuffer area = made(packed);
    for (int id = 0; id < 5; id++) {
      assertThat(packed.set(area, AREA, Areas.field(id, 8, 0), id)).isEqualTo(SetResult.DONE);
    }
    byte[] before = Areas.bytes(area);

    assertThat(packed.set(area, AREA, Areas.field(5, 2, 0), 1)).isEqualTo(SetResult.NO_SPACE);
    assertThat(Areas.bytes(area)).isEqualTo(before);
    assertThat(packed.set(area, AREA, Areas.field(4, 8, 0), 9)).isEqualTo(SetResult.DONE);
    assertThat(packed.del(area, AREA, Areas.field(0, 8, 0))).isTrue();
    assertThat(packed.set(area, AREA, Areas.field(5, 2, 0), 1)).isEqualTo(SetResult.DONE);
    assertThat(packed.get(area, AREA, Areas.field(4, 8, 0), 0)).isEqualTo(9);
  }

  @Test
  void packed_whenTheHeaderClaimsMoreThanFits_isNotOurs() {
    ByteBuffer area = made(packed);
    claim(area, 0b11111, 0b11111);
    assertThat(packed.isOurs(area, AREA)).isTrue();
    for (long[] words : new long[][] {{0b11111, 0b111111}, {-1, -1}, {-1, 0}, {0, -1}}) {
      claim(area, words[0], words[1]);
      byte[] before = Areas.bytes(area);
      assertThat(packed.isOurs(area, AREA)).isFalse();
      assertThat(packed.isSet(area, AREA, WIDE)).isFalse();
      assertThat(packed.set(area, AREA, WIDE, 1)).isEqualTo(SetResult.NOT_OURS);
      assertThat(packed.del(area, AREA, WIDE)).isFalse();
      assertThat(packed.values(area, AREA, snapshot(Layout.PACKED, WIDE))).isEmpty();
      assertThat(Areas.bytes(area)).isEqualTo(before);
    }
  }

  @Test
  void packed_whenAValueHasAnotherSize_isNotTheFieldsAndStaysAsItIs() {
    for (int before : new int[] {2, 4, 8}) {
      for (int after : new int[] {2, 4, 8}) {
        if (before == after) {
          continue;
        }
        ByteBuffer area = made(packed);
        Field field = Areas.field(7, after, 0);
        packed.set(area, AREA, Areas.field(7, before, 0), 0x0102);
        packed.set(area, AREA, Areas.field(8, 4, 0), 0x0304);
        byte[] bytes = Areas.bytes(area);

        assertThat(packed.isSet(area, AREA, field)).isFalse();
        assertThat(packed.del(area, AREA, field)).isFalse();
        assertThat(packed.set(area, AREA, field, 0x0506)).isEqualTo(SetResult.NOT_OURS);
        assertThat(Areas.bytes(area)).isEqualTo(bytes);
      }
    }
  }

  @Test
  void values_whenTheRegistryDoesNotKnowThem_sayWhatThePacketSays() {
    Field gone = HALF.toBuilder().state(FieldState.FREE).build();
    Field retired = SMALL.toBuilder().state(FieldState.RETIRED).build();
    Field other = Areas.field(11, 8, 0);
    Snapshot registry = snapshot(Layout.PACKED, gone, retired, other);
    ByteBuffer area = made(packed);
    packed.set(area, AREA, WIDE, 1);
    packed.set(area, AREA, HALF, 2);
    packed.set(area, AREA, SMALL, 3);
    packed.set(area, AREA, Areas.field(11, 2, 0), 4);

    assertThat(packed.values(area, AREA, registry))
        .containsExactly(
            new FieldValue(3, 8, 1, null),
            new FieldValue(5, 4, 2, null),
            new FieldValue(9, 2, 3, retired),
            new FieldValue(11, 2, 4, null));
    assertThat(packed.values(area, AREA, registry))
        .extracting(FieldValue::text)
        .containsExactly("0x0000000000000001", "0x00000002", "3", "0x0004");
  }

  @Test
  void values_whenTheRegistryHasNoSlotForThem_haveNoSize() {
    Field slotless = Areas.field(5, 4, 0);
    ByteBuffer area = made(slotted);
    for (Field field : List.of(WIDE, HALF, SMALL)) {
      slotted.set(area, AREA, field, 7);
    }

    assertThat(slotted.values(area, AREA, snapshot(Layout.PACKED, slotless, SMALL)))
        .containsExactly(
            new FieldValue(3, 0, 0, null),
            new FieldValue(5, 0, 0, slotless),
            new FieldValue(9, 2, 7, SMALL));
    assertThat(new FieldValue(3, 0, 0, null).text()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void ofCapture_whenThereIsAMarkOfAnyTag_readsIt(Layout layout) {
    ByteBuffer area = made(AreaCodec.of(layout, AREA, Areas.TAG));
    AreaCodec.of(layout, AREA, Areas.TAG).set(area, AREA, WIDE, 7);
    AreaCodec capture = AreaCodec.ofCapture(layout, AREA);

    assertThat(capture.isOurs(area, AREA)).isTrue();
    assertThat(capture.get(area, AREA, WIDE, 0)).isEqualTo(7);
    assertThatThrownBy(() -> capture.make(area, AREA)).isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"000000000000 0000", "090807060504 0001", "090807060504 0100"})
  void ofCapture_whenItIsNoMark_isNotOurs(String mark) {
    ByteBuffer area = made(slotted).put(AREA - 8, Areas.hex(mark), 0, 8);

    assertThat(AreaCodec.ofCapture(Layout.SLOTTED, AREA).isOurs(area, AREA)).isFalse();
  }

  @Test
  void of_whenThereIsNoTag_isRefused() {
    assertThatThrownBy(() -> AreaCodec.of(Layout.SLOTTED, AREA, Tag.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void set_whenTheBufferIsReadOnly_throwsAndGetWorks() {
    ByteBuffer area = made(packed);
    packed.set(area, AREA, WIDE, 6);
    ByteBuffer readOnly = area.asReadOnlyBuffer();

    assertThat(packed.get(readOnly, AREA, WIDE, 0)).isEqualTo(6);
    assertThatThrownBy(() -> packed.set(readOnly, AREA, HALF, 1))
        .isInstanceOf(ReadOnlyBufferException.class);
    assertThat(packed.isSet(readOnly, AREA, HALF)).isFalse();
  }
}
