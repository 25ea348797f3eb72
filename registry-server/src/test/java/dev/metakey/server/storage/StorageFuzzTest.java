package dev.metakey.server.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.metakey.server.domain.RegistryState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Any bytes in the place of what was stored: they are read as what they say, or refused. A normal
 * run takes the bytes in src/test/resources; docs/reliability.md says how to fuzz for longer.
 */
class StorageFuzzTest {
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
