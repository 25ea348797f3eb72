package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.Reservation;
import dev.metakey.server.domain.Reserve;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeysDirectoryTest {
  @TempDir private Path directory;

  private Path write(String name, String yaml) throws IOException {
    return Files.writeString(directory.resolve(name), yaml);
  }

  private String fault(String yaml) throws IOException {
    Path file = write("10.yaml", yaml);
    String[] message = new String[1];
    assertThatThrownBy(() -> KeysDirectory.read(directory))
        .isInstanceOfSatisfying(ConfigException.class, e -> message[0] = e.getMessage());
    assertThat(message[0]).startsWith(file + ":");
    return message[0].substring(file.toString().length() + 1);
  }

  @Test
  void read_whenEverythingIsSaid_takesItWithItsPlace() throws Exception {
    Path file =
        write(
            "10.yaml",
            """
            # what we need
            reserve:
              - name: edge.packet_id
                id: 3
                size: 8
              - {name: edge.verdict, id: 63, size: 4, foreign: true, description: who knows,
                 format: ipv4, merge: keep_last}
            """);

    assertThat(KeysDirectory.read(directory))
        .containsExactly(
            new Reserve(FieldSpec.of("edge.packet_id", 8), 3, new Reservation(false, file + ":3")),
            new Reserve(
                FieldSpec.of("edge.verdict", 4)
                    .describedAs("who knows")
                    .printedAs(Format.IPV4)
                    .mergedBy(Merge.KEEP_LAST),
                63,
                new Reservation(true, file + ":6")));
  }

  @Test
  void read_whenSeveralFiles_takesThemInOrderAndNothingElse() throws Exception {
    String entry = "reserve: [{name: %s, id: %d, size: 2}]\n";
    write("20.yaml", entry.formatted("b", 1));
    write("10.yaml", entry.formatted("a", 2));
    write("30.yaml.bak", "no yaml: [");
    write("README", "hello");
    write("40.yaml", "");
    write("50.yaml", "reserve:\n");
    write("60.yaml", "reserve: []\n");

    assertThat(KeysDirectory.read(directory))
        .extracting(reserve -> reserve.spec().name())
        .containsExactly("a", "b");
  }

  @Test
  void read_whenThereIsNoDirectory_isEmpty() throws ConfigException {
    assertThat(KeysDirectory.read(directory.resolve("keys.d"))).isEmpty();
  }

  @Test
  void read_whenItIsNoDirectory_saysSo() throws IOException {
    Path file = write("keys.d", "");
    assertThatThrownBy(() -> KeysDirectory.read(file))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + " cannot be listed: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {id: 1, size: 2}                       | key 'name' is missing
          {name: a, size: 2}                     | key 'id' is missing
          {name: a, id: 1}                       | key 'size' is missing
          {name: a, id: 1, size: 2, owner: me}   | unknown key 'owner'; allowed: [name, id, size, foreign, description, format, merge]
          {name: a, id: 1, id: 2, size: 2}       | key 'id' is there twice
          {name: a, id: 64, size: 2}             | id: 64 is out of range; allowed: 0 to 63
          {name: a, id: -1, size: 2}             | id: -1 is out of range; allowed: 0 to 63
          {name: a, id: 1, size: 3}              | size 3 of a: a value has 2, 4 or 8 bytes
          {name: a, id: 1, size: 0}              | size 0 of a: a value has 2, 4 or 8 bytes
          {name: a, id: 1, size: 2, foreign: si} | foreign: 'si' is neither true nor false
          {name: a, id: [1], size: 2}            | one value is expected here
          {name: a, id: 1, size: 2, format: mac} | format of a mac does not fit size 2; ipv4 needs size 4 and mac needs size 8
          {name: a, id: 1, size: 2, merge: all}  | merge: merge 'all' is not known; allowed: unspecified, block, keep_first, keep_last, discard
          just words                             | 'key: value' lines are expected here; allowed keys: [name, id, size, foreign, description, format, merge]
          """)
  void read_whenAnEntryIsWrong_namesFileAndLine(String entry, String fault) throws IOException {
    assertThat(fault("reserve:\n  - {name: fine, id: 0, size: 2}\n  - " + entry + "\n"))
        .isEqualTo("3: " + fault);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernel.x", "Upper", "a..b", "9a", "''", "a b"})
  void read_whenNameIsBad_namesFileAndLine(String name) throws IOException {
    assertThat(fault("reserve: [{name: %s, id: 1, size: 2}]".formatted(name)))
        .startsWith("1: ")
        .contains("name");
  }

  @Test
  void read_whenTheListIsNone_namesFileAndLine() throws IOException {
    assertThat(fault("\nreserve: {name: a, id: 1, size: 2}\n"))
        .isEqualTo("2: 'reserve' must be a list ('- key: value')");
    assertThat(fault("\nreserved: []\n"))
        .isEqualTo("2: unknown key 'reserved'; allowed: [reserve]");
  }

  @Test
  void read_whenTwoEntriesClash_leavesThatToTheRegistry() throws Exception {
    write("10.yaml", "reserve: [{name: a, id: 1, size: 2}, {name: b, id: 1, size: 2}]");
    write("20.yaml", "reserve: [{name: a, id: 2, size: 4}]");

    assertThat(KeysDirectory.read(directory)).hasSize(3);
  }
}
