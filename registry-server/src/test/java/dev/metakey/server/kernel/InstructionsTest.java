package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What instructions tell, and what counts where they do not tell. */
class InstructionsTest {
  private static final int MAP = 7;
  private static final int LOAD_64 = 0x18;
  private static final int BYTES = RecordStruct.BYTES;

  private final ByteBuffer code = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());

  private InstructionsTest add(int opcode, int destination, int source, int imm) {
    boolean isLittle = code.order() == ByteOrder.LITTLE_ENDIAN;
    code.put((byte) opcode);
    code.put((byte) (isLittle ? source << 4 | destination : destination << 4 | source));
    code.putShort((short) 0).putInt(imm);
    return this;
  }

  private InstructionsTest address(int source, int map, int offset) {
    return add(LOAD_64, 1, source, map).add(0, 0, 0, offset);
  }

  private Instructions instructions() {
    byte[] bytes = new byte[code.position()];
    code.get(0, bytes);
    return new Instructions(bytes);
  }

  private static BitSet bits(int... offsets) {
    BitSet bits = new BitSet();
    IntStream.of(offsets).forEach(bits::set);
    return bits;
  }

  @Test
  void offsetsIn_isWhatAddressesOfThatMapSay() {
    address(2, MAP, 104).address(2, 8, 16).add(0xb7, 1, 0, MAP).address(2, MAP, 208);

    assertThat(instructions().offsetsIn(MAP)).isEqualTo(bits(104, 208));
    assertThat(instructions().offsetsIn(9)).isEqualTo(bits());
  }

  @Test
  void offsetsIn_whenANumberLooksLikeAnAddress_isNotMisled() {
    address(0, MAP, 104).add(LOAD_64, 1, 0, 0).add(LOAD_64, 2 << 4, 2, MAP);

    assertThat(instructions().offsetsIn(MAP)).as("a number's second half").isEqualTo(bits());
  }

  @Test
  void offsetsIn_whenTheProgramHasTheMapItself_isAny() {
    assertThat(address(1, MAP, 0).instructions().offsetsIn(MAP)).isNull();
  }

  @Test
  void offsetsIn_whenConstantsAreBlinded_isAny() {
    add(0xb7, 11, 0, 1508656551).add(0xa7, 11, 0, -1508668249).add(0x67, 11, 0, 32);
    assertThat(instructions().offsetsIn(MAP)).isNull();
    code.clear();
    assertThat(add(0xa4, 11, 0, 5).instructions().offsetsIn(MAP)).as("32 bits").isNull();
    code.clear();
    assertThat(add(0xa7, 1, 0, 5).instructions().offsetsIn(MAP))
        .as("its own xor")
        .isEqualTo(bits());
  }

  @Test
  void offsetsIn_whenTheLastOneIsCutOff_isAny() {
    assertThat(add(LOAD_64, 1, 2, MAP).instructions().offsetsIn(MAP)).isNull();
  }

  @Test
  void reached_isTheRecordThatAnAddressIsIn() {
    RecordMap map = map(true, true, true);

    assertThat(names(map, bits(0))).containsExactly("f0");
    assertThat(names(map, bits(BYTES - 1, 2 * BYTES + 4))).containsExactly("f0", "f2");
    assertThat(names(map, bits())).isEmpty();
  }

  @Test
  void reached_whenThatCannotBeTold_isAll() {
    assertThat(names(map(true, true, true), null)).containsExactly("f0", "f1", "f2");
    assertThat(names(map(true, false, true), bits(BYTES))).as("in an array").hasSize(3);
    assertThat(names(map(true, true, true), bits(3 * BYTES))).as("no record").hasSize(3);
    assertThat(names(map(true, false, true), bits(0))).containsExactly("f0");
  }

  private static RecordMap map(boolean... alone) {
    List<RecordMap.Entry> entries =
        IntStream.range(0, alone.length)
            .mapToObj(
                i ->
                    new RecordMap.Entry(
                        i * BYTES, new FieldUse("f" + i, 8, Role.CONSUMES, null), alone[i]))
            .toList();
    return new RecordMap(entries, List.of(), true);
  }

  private static List<String> names(RecordMap map, BitSet offsets) {
    return map.records().stream()
        .filter(map.reachedBy(offsets))
        .map(entry -> entry.use().name())
        .toList();
  }
}
