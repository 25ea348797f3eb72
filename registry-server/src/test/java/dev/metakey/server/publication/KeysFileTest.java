package dev.metakey.server.publication;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysFileTest {
  private static final String HEAD =
      """
      # metakey keys: made by metakeyd from each committed change; do not edit
      # registry=01234567-89ab-cdef-8123-456789abcdef revision=%d layout=%s area=%d
      # id\tname
      """;
  private static final String WELL_KNOWN =
      """
      64\tkernel.rx_timestamp # size=8 slot=0 generation=0 format=ns merge=unspecified sharing=exclusive state=well_known
      65\tkernel.rx_hash # size=4 slot=0 generation=0 format=hex merge=unspecified sharing=exclusive state=well_known
      66\tkernel.rx_vlan_tag # size=4 slot=0 generation=0 format=hex merge=unspecified sharing=exclusive state=well_known
      """;

  @TempDir private Path directory;

  private static Field.Builder field(int id, FieldSpec spec, FieldState state) {
    return new Field.Builder(id, spec, state).generation(1);
  }

  @Test
  void text_whenRegistryIsEmpty_hasTheKernelsNames() {
    Snapshot empty = Snapshot.empty(FakeRegistry.ID, Layout.PACKED, 64);

    assertThat(KeysFile.text(empty)).isEqualTo(HEAD.formatted(0, "packed", 64) + WELL_KNOWN);
  }

  @Test
  void text_whenFieldsHaveEveryState_showsThoseThatDoNotResolveAsComments() {
    FieldSpec shared =
        FieldSpec.of("edge.packet_id", 8)
            .printedAs(Format.HEX)
            .mergedBy(Merge.KEEP_FIRST)
            .shared()
            .describedAs("not shown # as it may be anything");
    Reservation foreign = new Reservation(true, "10.yaml:3");
    RegistryInfo info = new RegistryInfo(FakeRegistry.ID, 9, Layout.SLOTTED, 128);
    Snapshot snapshot =
        Snapshot.of(
            info,
            List.of(
                field(0, shared, FieldState.ACTIVE)
                    .slot(24)
                    .owners(List.of(new Owner(0, "edge.service"), new Owner(-2, "b")))
                    .build(),
                field(1, FieldSpec.of("gone", 2), FieldState.RETIRED)
                    .slot(26)
                    .owners(List.of(new Owner(1000, "a")))
                    .build(),
                field(2, FieldSpec.of("reserved", 4), FieldState.RESERVED)
                    .generation(0)
                    .slot(32)
                    .build(),
                field(3, FieldSpec.of("foreign", 4), FieldState.RESERVED)
                    .slot(28)
                    .reservation(foreign)
                    .build(),
                field(4, FieldSpec.of("free", 4), FieldState.FREE).build()));

    assertThat(KeysFile.text(snapshot))
        .isEqualTo(
            HEAD.formatted(9, "slotted", 128)
                + """
                0\tedge.packet_id # size=8 slot=24 generation=1 format=hex merge=keep_first sharing=shared owner=0:edge.service,4294967294:b
                # 1\tgone # size=2 slot=26 generation=1 format=dec merge=unspecified sharing=exclusive state=retired owner=1000:a
                # 2\treserved # size=4 slot=32 generation=0 format=dec merge=unspecified sharing=exclusive state=reserved
                3\tforeign # size=4 slot=28 generation=1 format=dec merge=unspecified sharing=exclusive state=reserved
                """
                + WELL_KNOWN);
  }

  @Test
  void publish_whenFileIsThere_replacesIt() throws IOException {
    KeysFile keys = new KeysFile(directory.resolve("keys"));
    assertThat(keys.name()).isEqualTo("keys");
    Files.writeString(keys.path(), "somebody's");
    Snapshot snapshot = Snapshot.empty(FakeRegistry.ID, Layout.SLOTTED, 128);

    keys.publish(snapshot);

    assertThat(keys.path()).hasContent(KeysFile.text(snapshot));
  }
}
