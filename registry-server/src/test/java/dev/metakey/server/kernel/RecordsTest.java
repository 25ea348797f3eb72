package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.RecordStruct;
import dev.metakey.server.kernel.BpfMap.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What can be decided about records without the kernel. */
class RecordsTest {
  private static final int BYTES = RecordStruct.BYTES;

  private static Shape shape(String name, int type, int key, int value) {
    return new Shape(name, type, key, value, 1, 0);
  }

  @Test
  void isOfRecords_whenNameTypeOrSizeIsAnother_isFalse() {
    assertThat(RecordMap.isOfRecords(shape(".rodata.metakey", 2, 4, BYTES))).isTrue();
    assertThat(RecordMap.isOfRecords(shape(".rodata", 2, 4, BYTES))).isFalse();
    assertThat(RecordMap.isOfRecords(shape(".rodata.metakey", 1, 4, BYTES))).isFalse();
    assertThat(RecordMap.isOfRecords(shape(".rodata.metakey", 2, 8, BYTES))).isFalse();
    assertThat(RecordMap.isOfRecords(shape(".rodata.metakey", 2, 4, 1 << 30))).isFalse();
  }

  @Test
  void decode_whenNothingIsARecord_namesEachFault() {
    RecordMap map = RecordMap.decode(new byte[2 * BYTES + 5], true);

    List<String> faults = map.faults();
    assertThat(map.records()).isEmpty();
    assertThat(faults).hasSize(3);
    assertThat(faults.get(0)).startsWith("at 0: +0: magic 0x00000000");
    assertThat(faults.get(1)).startsWith("at 104: ");
    assertThat(faults.get(2)).isEqualTo("at 208: 5 bytes are not a record");
  }

  @Test
  void typeName_isBpftoolsWordOrTheNumber() {
    assertThat(ProgramTypes.name(3)).isEqualTo("sched_cls");
    assertThat(ProgramTypes.name(6)).isEqualTo("xdp");
    assertThat(ProgramTypes.name(26)).isEqualTo("tracing");
    assertThat(ProgramTypes.name(32)).isEqualTo("netfilter");
    assertThat(ProgramTypes.name(33)).isEqualTo("type_33");
  }
}
