package dev.metakey.server.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Restore;
import dev.metakey.server.domain.Rules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Any bytes in the place of what was stored: they are read as what they say, or refused. A normal
 * run takes the bytes in src/test/resources; docs/reliability.md says how to fuzz for longer.
 */
class StorageFuzzTest {
  private static final Peer ADMIN = new Peer(0, 0, 1, "session").withPrivileges();
  private static final Rules RULES = new Rules(600_000, 0);
  private static final Now NOW = new Now(1_700_000_000_000L, 1_000);
  private static final UUID NEW_ID = new UUID(9, 9);
  private static final Backup.Home HOME = new Backup.Home(List.of(new UUID(1, 1)), "");
  private static final Register MORE = new Register(List.of(FieldSpec.of("edge.more", 4)));
  private static final RegistryState HERE = here();

  private static RegistryState here() {
    List<FieldSpec> specs =
        List.of(
            FieldSpec.of("edge.packet_id", 8),
            FieldSpec.of("edge.hop", 2),
            FieldSpec.of("edge.zone", 4));
    RegistryState empty = RegistryState.empty(new UUID(1, 1), Layout.SLOTTED, 128);
    return ((Decision.Accepted<?>) Registry.decide(empty, RULES, new Register(specs), ADMIN, NOW))
        .state();
  }

  @FuzzTest(maxDuration = "10m")
  void facts_whenFuzzed_areReadOrRefused(byte[] bytes) throws Exception {
    Records.Facts facts;
    try {
      facts = Records.readFacts(bytes);
    } catch (StoreException refused) {
      return;
    }
    assertThat(Records.readFacts(Records.facts(facts))).isEqualTo(facts);
  }

  @FuzzTest(maxDuration = "10m")
  void fields_whenFuzzed_areReadOrRefused(byte[] bytes) throws Exception {
    try {
      var field = Records.readKey(bytes);
      assertThat(Records.readKey(Records.key(field))).isEqualTo(field);
    } catch (StoreException refused) {
      assertThat(refused).hasMessageNotContaining("Exception");
    }
  }

  @FuzzTest(maxDuration = "10m")
  void changes_whenFuzzed_areReadOrRefused(byte[] bytes) throws Exception {
    try {
      var change = Records.readChange(bytes);
      long ageMs = Records.readChangeAgeMs(bytes);
      assertThat(Records.readChange(Records.change(change, ageMs))).isEqualTo(change);
    } catch (StoreException refused) {
      assertThat(refused).hasMessageNotContaining("Exception");
    }
  }

  @FuzzTest(maxDuration = "10m")
  void stateCopy_whenFuzzed_isReadOrRefused(byte[] bytes) throws Exception {
    read(bytes);
    read(withChecksum(bytes));
  }

  private static void read(byte[] bytes) throws Exception {
    StateText.Parsed parsed;
    try {
      parsed = StateText.parse(bytes);
    } catch (StoreException | IOException refused) {
      return;
    }
    List<byte[]> changes =
        parsed.changes().stream().map(change -> StateText.line(change, 0)).toList();
    ByteBuffer again = new StateText().format(parsed.sequence(), parsed.contents(), changes);
    byte[] written = new byte[again.remaining()];
    again.get(written);
    assertThat(said(StateText.parse(written))).isEqualTo(said(parsed));
  }

  private static List<Object> said(StateText.Parsed parsed) {
    RegistryState state = parsed.contents().state();
    return List.of(
        parsed.sequence(),
        parsed.contents().ids(),
        state.snapshot().info(),
        state.snapshot().records(),
        state.tag(),
        state.bootId(),
        state.clock(),
        parsed.changes());
  }

  /** Restored over a registry with fields of its own, where the backup puts something else. */
  @FuzzTest(maxDuration = "10m")
  void backup_whenFuzzed_isRestoredOrRefused(byte[] bytes) throws Exception {
    restore(bytes);
    restore(withChecksum(bytes));
  }

  private static void restore(byte[] bytes) throws Exception {
    Decision<?> decision;
    try {
      Backup backup = Backup.parse(bytes, HOME);
      Restore restore = new Restore(backup.snapshot(), backup.tag(), NEW_ID, true);
      decision = Registry.decide(HERE, RULES, restore, ADMIN, NOW);
    } catch (MetakeyException refused) {
      decision = new Decision.Rejected<>(refused);
    }
    if (decision instanceof Decision.Rejected<?> rejected) {
      assertThat(rejected.refusal().reason()).isIn(Reason.INVALID_REQUEST, Reason.IN_USE);
      assertThat(rejected.refusal().text()).doesNotContain("Exception");
      return;
    }
    RegistryState restored = ((Decision.Accepted<?>) decision).state();
    BitSet taken = new BitSet();
    for (Field field : restored.snapshot().records()) {
      Field stored = field.toBuilder().expiresAtMs(0).expiresAgeMs(0).build();
      assertThat(Records.readKey(Records.key(stored))).isEqualTo(stored);
      assertThat(field.generation()).isNotNegative();
      BitSet bytesOfField = new BitSet();
      bytesOfField.set(field.slot() == 0 ? 0 : field.slot() - field.size() + 1, field.slot() + 1);
      bytesOfField.clear(0);
      assertThat(taken.intersects(bytesOfField)).as("%s overlaps", field).isFalse();
      taken.or(bytesOfField);
    }
    assertThat(taken.nextClearBit(1)).as("the presence bitmap and the mark are nobody's").isOne();
    assertThat(taken.length() - 1).isLessThanOrEqualTo(128);
    Decision<?> next = Registry.decide(restored, RULES, MORE, ADMIN, NOW);
    if (next instanceof Decision.Rejected<?> rejected) {
      assertThat(rejected.refusal().reason()).isNotEqualTo(Reason.INTERNAL);
    }
  }

  /**
   * The text with a last line that fits it, or the checksum would keep all else from being read.
   */
  private static byte[] withChecksum(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    int end = text.indexOf("\nend crc32c=");
    byte[] body = (text.substring(0, Math.max(end, 0)) + "\n").getBytes(UTF_8);
    CRC32C sum = new CRC32C();
    sum.update(body);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(body);
    whole.writeBytes("end crc32c=%08x\n".formatted(sum.getValue()).getBytes(UTF_8));
    return whole.toByteArray();
  }
}
