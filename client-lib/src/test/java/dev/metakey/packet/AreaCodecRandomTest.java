package dev.metakey.packet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random sequences against {@link AreaModel}: after each step every byte of the area is as the
 * model says, and those around it are as before. {@code -Dmetakey.seed=N} repeats a run.
 */
final class AreaCodecRandomTest {
  private static final int STEPS = 400;
  private static final int GUARD = 40;
  private static final byte FILL = (byte) 0xa5;

  private static final long SEED = Long.getLong("metakey.seed", System.nanoTime() & 0xffff_ffffL);

  static Stream<Arguments> layoutsAndAreas() {
    return Stream.of(Layout.values())
        .flatMap(
            layout ->
                IntStream.iterate(24, bytes -> bytes <= 216, bytes -> bytes + 8)
                    .mapToObj(bytes -> Arguments.of(layout, bytes)));
  }

  /** A field of random size for every id; in the slotted layout, as many as there is room for. */
  private static List<Field> fields(Random random, Layout layout, int areaBytes) {
    List<Integer> ids = new ArrayList<>(IntStream.range(0, Field.IDS).boxed().toList());
    Collections.shuffle(ids, random);
    BitSet taken = new BitSet();
    List<Field> fields = new ArrayList<>();
    for (int id : ids) {
      int size = 2 << random.nextInt(3);
      int slot = 16 + size * (1 + random.nextInt((areaBytes - 16) / size));
      if (layout == Layout.PACKED) {
        fields.add(Areas.field(id, size, 0));
      } else if (taken.get(slot - size, slot).isEmpty()) {
        taken.set(slot - size, slot);
        fields.add(Areas.field(id, size, slot));
      }
    }
    return fields;
  }

  @ParameterizedTest
  @MethodSource("layoutsAndAreas")
  void everyStep_whenRandom_leavesWhatTheModelSays(Layout layout, int areaBytes) {
    for (Areas.Memory memory : Areas.Memory.values()) {
      Random random = new Random(SEED + areaBytes);
      String seed = "-Dmetakey.seed=%d, %s".formatted(SEED, memory);
      List<Field> fields = fields(random, layout, areaBytes);
      RegistryInfo info = new RegistryInfo(new UUID(1, 2), 1, layout, areaBytes);
      Snapshot snapshot = Snapshot.of(info, fields);
      AreaCodec codec = AreaCodec.of(info, Areas.TAG);
      AreaModel model = new AreaModel(layout, areaBytes);
      ByteBuffer buffer = memory.allocate(GUARD + areaBytes + GUARD);
      byte[] expected = new byte[buffer.limit()];
      Arrays.fill(expected, FILL);
      buffer.put(0, expected);
      int position = buffer.position();
      int data = GUARD + areaBytes;
      assertThat(codec.make(buffer, data)).isTrue();
      for (int step = 0; step < STEPS; step++) {
        Field field = fields.get(random.nextInt(fields.size()));
        long value = random.nextLong();
        // Fill up at first, then come and go.
        boolean isSet = step < fields.size() || random.nextBoolean();
        if (isSet) {
          assertThat(codec.set(buffer, data, field, value))
              .as(seed)
              .isEqualTo(model.set(field, value));
        } else {
          assertThat(codec.del(buffer, data, field)).as(seed).isEqualTo(model.del(field));
        }
        System.arraycopy(model.bytes(), 0, expected, GUARD, areaBytes);
        assertThat(Areas.bytes(buffer)).as(seed).isEqualTo(expected);
        checkReads(seed, codec, model, buffer, data, snapshot);
      }
      assertThat(buffer.position()).isEqualTo(position);
    }
  }

  private static void checkReads(
      String seed,
      AreaCodec codec,
      AreaModel model,
      ByteBuffer buffer,
      int data,
      Snapshot snapshot) {
    for (Field field : snapshot.records()) {
      Long value = model.get(field);
      if (codec.isSet(buffer, data, field) != (value != null)
          || codec.get(buffer, data, field, -77) != (value == null ? -77 : value)) {
        throw new AssertionError(seed + ": " + field.name() + " is not " + value);
      }
    }
    assertThat(codec.values(buffer, data, snapshot))
        .as(seed)
        .isEqualTo(
            model.values().entrySet().stream()
                .map(
                    e -> {
                      Field field = snapshot.byId(e.getKey());
                      return new FieldValue(field.id(), field.size(), e.getValue(), field);
                    })
                .toList());
  }

  /** Whatever a packet holds, there is no exception, and nothing outside the area is touched. */
  @ParameterizedTest
  @MethodSource("layoutsAndAreas")
  void anyBytes_whenMarkedAsOurs_hurtNobody(Layout layout, int areaBytes) {
    Random random = new Random(SEED ^ areaBytes);
    List<Field> fields = fields(random, layout, areaBytes);
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), 1, layout, areaBytes);
    AreaCodec codec = AreaCodec.of(info, Areas.TAG);
    int data = GUARD + areaBytes;
    for (int round = 0; round < STEPS; round++) {
      byte[] before = new byte[GUARD + areaBytes + GUARD];
      random.nextBytes(before);
      byte[] mark = new AreaModel(layout, areaBytes).bytes();
      System.arraycopy(mark, areaBytes - 8, before, data - 8, 8);
      if (layout == Layout.PACKED && random.nextBoolean()) {
        // Few bits, so that many of these headers are sound.
        Arrays.fill(before, GUARD, GUARD + 16, (byte) 0);
        before[GUARD + random.nextInt(16)] = (byte) random.nextInt();
      }
      ByteBuffer buffer = ByteBuffer.wrap(before.clone());
      Field field = fields.get(random.nextInt(fields.size()));

      codec.get(buffer, data, field, 0);
      codec.values(buffer, data, Snapshot.of(info, fields));
      assertThat(buffer.array()).isEqualTo(before);
      boolean isTaken = // by a value of another size
          codec.values(buffer, data, Snapshot.of(info, fields)).stream()
              .anyMatch(value -> value.id() == field.id() && value.size() != field.size());
      boolean isOurs = codec.isOurs(buffer, data) && !isTaken;
      SetResult result = codec.set(buffer, data, field, -1);
      boolean removed = codec.del(buffer, data, field);

      String seed = "-Dmetakey.seed=%d round %d".formatted(SEED, round);
      assertThat(result == SetResult.NOT_OURS).as(seed).isEqualTo(!isOurs);
      assertThat(removed || result != SetResult.DONE).as(seed).isTrue();
      byte[] after = buffer.array();
      if (!isOurs) {
        assertThat(after).as(seed).isEqualTo(before);
      }
      Arrays.fill(before, GUARD, data - 8, (byte) 0);
      Arrays.fill(after, GUARD, data - 8, (byte) 0);
      assertThat(after).as(seed).isEqualTo(before);
    }
  }
}
