package dev.metakey.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class KeysTextTest {
  private static final String HEAD =
      """
      # metakey keys: made by metakeyd from each committed change; do not edit
      # registry=01234567-89ab-cdef-8123-456789abcdef revision=%d layout=%s area=%d boot=00000000-0000-0007-0000-000000000008 crc32c=%s
      # id\tname
      """;
  private static final String WELL_KNOWN =
      """
      64\tkernel.rx_timestamp # size=8 slot=0 generation=0 format=ns merge=unspecified sharing=exclusive state=well_known
      65\tkernel.rx_hash # size=4 slot=0 generation=0 format=hex merge=unspecified sharing=exclusive state=well_known
      66\tkernel.rx_vlan_tag # size=4 slot=0 generation=0 format=hex merge=unspecified sharing=exclusive state=well_known
      """;

  private static final UUID ID = UUID.fromString("01234567-89ab-cdef-8123-456789abcdef");
  private static final UUID BOOT = new UUID(7, 8);

  private static Field.Builder field(int id, FieldSpec spec, FieldState state) {
    return new Field.Builder(id, spec, state).generation(1);
  }

  private static Snapshot everyState() {
    FieldSpec shared =
        FieldSpec.of("edge.packet_id", 8)
            .printedAs(Format.HEX)
            .mergedBy(Merge.KEEP_FIRST)
            .shared()
            .describedAs("not shown # as it may be anything");
    RegistryInfo info = new RegistryInfo(ID, 9, Layout.SLOTTED, 128);
    return Snapshot.of(
        info,
        List.of(
            field(0, shared, FieldState.ACTIVE)
                .slot(24)
                .owners(List.of(new Owner(0, "edge.service"), new Owner(-2, "b")))
                .build(),
            field(1, FieldSpec.of("gone", 2), FieldState.RETIRED)
                .slot(26)
                .owners(List.of(Owner.unit("a b,c%.service")))
                .build(),
            field(2, FieldSpec.of("reserved", 4), FieldState.RESERVED)
                .reservation(new Reservation(false, "root (uid 0)"))
                .generation(0)
                .slot(32)
                .build(),
            field(3, FieldSpec.of("foreign", 4), FieldState.RESERVED)
                .slot(28)
                .reservation(new Reservation(true, "10.yaml:3"))
                .build(),
            field(4, FieldSpec.of("free", 4).expiringAfter(Duration.ofSeconds(2)), FieldState.FREE)
                .created(new Stamp(7, 0))
                .build()));
  }

  @Test
  void text_whenRegistryIsEmpty_hasTheKernelsNames() {
    Snapshot empty = Snapshot.empty(ID, Layout.PACKED, 64);

    assertThat(KeysText.text(empty, BOOT))
        .isEqualTo(HEAD.formatted(0, "packed", 64, "7aa933c5") + WELL_KNOWN);
  }

  @Test
  void text_whenFieldsHaveEveryState_showsThoseThatDoNotResolveAsComments() {
    assertThat(KeysText.text(everyState(), BOOT))
        .isEqualTo(
            HEAD.formatted(9, "slotted", 128, "ca544137")
                + """
                0\tedge.packet_id # size=8 slot=24 generation=1 format=hex merge=keep_first sharing=shared owner=0:edge.service,4294967294:b
                # 1\tgone # size=2 slot=26 generation=1 format=dec merge=unspecified sharing=exclusive state=retired owner=unit:a%20b%2cc%25.service
                # 2\treserved # size=4 slot=32 generation=0 format=dec merge=unspecified sharing=exclusive state=reserved reserved_by=root%20(uid%200)
                3\tforeign # size=4 slot=28 generation=1 format=dec merge=unspecified sharing=exclusive state=reserved foreign=yes reserved_by=10.yaml:3
                # 4\tfree # size=4 slot=0 generation=1 format=dec merge=unspecified sharing=exclusive ttl_ms=2000 since=7 state=free
                """
                + WELL_KNOWN);
  }

  @Test
  void text_whenADaemonStandsForIt_namesIt() throws Exception {
    Path socket = Path.of("/run/a b/m.sock");
    String text = KeysText.text(everyState(), BOOT, new KeysText.Daemon(4711, 93011, 9, socket));

    assertThat(text.lines().skip(1).findFirst().orElseThrow())
        .endsWith(" crc32c=ca544137 pid=4711 started=93011 pidns=9 socket=/run/a%20b/m.sock");
    assertThat(text.substring(KeysText.pidAt(text))).startsWith("4711 ");
    assertThat(KeysText.parse(text).snapshot().info()).isEqualTo(everyState().info());
  }

  @Test
  void parse_givesBackAllButDescriptionsAndTimes() throws Exception {
    Snapshot read = KeysText.parse(KeysText.text(everyState(), BOOT)).snapshot();

    assertThat(read.info()).isEqualTo(everyState().info());
    assertThat(read.records())
        .isEqualTo(
            everyState().records().stream()
                .map(f -> f.toBuilder().spec(f.spec().describedAs("")).build())
                .toList());
    assertThat(KeysText.parse(KeysText.text(everyState(), BOOT)).bootId()).isEqualTo(BOOT);
  }

  @Test
  void parse_whateverByteIsChangedOrMissing_isRefused() {
    byte[] whole = KeysText.text(everyState(), BOOT).getBytes(StandardCharsets.UTF_8);
    int body = new String(whole, StandardCharsets.UTF_8).indexOf("# id");
    for (int at = 0; at < whole.length; at++) {
      byte[] cut = Arrays.copyOf(whole, at);
      assertThatThrownBy(() -> parse(cut))
          .as("cut at %d", at)
          .isInstanceOf(BadLayoutException.class);
      if (at >= body) {
        byte[] flipped = whole.clone();
        flipped[at] ^= 1;
        assertThatThrownBy(() -> parse(flipped))
            .as("bit at %d", at)
            .isInstanceOf(BadLayoutException.class);
      }
    }
  }

  private static RegistryFile.Published parse(byte[] bytes) throws BadLayoutException {
    return KeysText.parse(new String(bytes, StandardCharsets.UTF_8));
  }
}
