package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.ClockReading;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class RecordsTest {
  private static final Field FIELD =
      new Field.Builder(3, FieldSpec.of("edge.id", 4), FieldState.ACTIVE)
          .generation(2)
          .slot(24)
          .owners(List.of(new Owner(1000, "a")))
          .created(new Stamp(5, 6, 7))
          .build();

  @Test
  void key_hasTheBytesOfTheFirstRelease() throws Exception {
    String expected =
        "02" // version
            + "03" // id
            + "00000002" // generation
            + "18" // slot
            + "01" // state
            + "0007656467652e6964" // name
            + "04" // size
            + "01" // format
            + "00" // merge
            + "01" // sharing
            + "0000000000000000" // ttl
            + "0000" // description
            + "000102000003e8000161" // owners
            + "00" // reservation
            + "000000000000000500000000000000060000000000000007" // created
            + "000000000000000000000000000000000000000000000000"; // retired

    assertThat(HexFormat.of().formatHex(Records.key(FIELD))).isEqualTo(expected);
    assertThat(Records.readKey(HexFormat.of().parseHex(expected))).isEqualTo(FIELD);
  }

  @Test
  void facts_haveTheBytesOfTheFirstRelease() throws Exception {
    Records.Facts facts =
        new Records.Facts(
            new RegistryInfo(new UUID(1, 2), 3, Layout.PACKED, 216),
            Tag.of(new byte[] {0x5e, 1, 2, 3, 4, 5}),
            "b",
            new ClockReading(4, 5, 6));
    String expected =
        "02" // version
            + "00000000000000010000000000000002" // registry id
            + "0000000000000003" // revision
            + "02" // layout
            + "00d8" // area
            + "5e0102030405" // tag
            + "000162" // boot id
            + "000000000000000400000000000000050000000000000006"; // clocks

    assertThat(HexFormat.of().formatHex(Records.facts(facts))).isEqualTo(expected);
    assertThat(Records.readFacts(Records.facts(facts))).isEqualTo(facts);
  }

  @Test
  void read_whenTheVersionIsUnknown_namesIt() {
    byte[] newer = Records.key(FIELD);
    newer[0] = 9;

    assertThatThrownBy(() -> Records.readKey(newer))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("version 9")
        .hasMessageContaining("reads version 2");
  }

  @Test
  void read_whenCutOrLengthened_isRefused() {
    byte[] whole = Records.change(new RandomRegistry(1).next(1, 0).get(0), 7);

    for (int length = 0; length <= whole.length + 1; length++) {
      byte[] bytes = Arrays.copyOf(whole, length);
      if (length != whole.length) {
        assertThatThrownBy(() -> Records.readChange(bytes)).isInstanceOf(StoreException.class);
      }
    }
  }

  @Test
  void read_whenAnyByteIsDamaged_neverThrowsAnythingElse() throws Exception {
    for (Change change : new RandomRegistry(2).next(5, 0)) {
      byte[] bytes = Records.change(change, 8);
      assertThat(Records.readChangeAgeMs(bytes)).isEqualTo(8);
      for (int i = 0; i < bytes.length; i++) {
        byte[] damaged = bytes.clone();
        damaged[i] ^= (byte) 0xa5;
        try {
          Records.readChange(damaged);
        } catch (StoreException expected) {
          assertThat(expected).hasMessageContaining("change record");
        }
      }
    }
  }
}
