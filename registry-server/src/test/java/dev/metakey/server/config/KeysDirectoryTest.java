package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.Reservation;
import dev.metakey.server.domain.Reserve;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    List<String> faults = KeysDirectory.read(directory).faults();
    assertThat(faults).hasSize(1);
    assertThat(faults.get(0)).startsWith(file + ":");
    return faults.get(0).substring(file.toString().length() + 1);
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

    assertThat(KeysDirectory.read(directory).value())
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

    assertThat(KeysDirectory.read(directory).value())
        .extracting(reserve -> reserve.spec().name())
        .containsExactly("a", "b");
  }

  @Test
  void read_whenThereIsNoDirectory_isEmpty() {
    assertThat(KeysDirectory.read(directory.resolve("keys.d")).value()).isEmpty();
  }

  @Test
  void read_whenItIsNoDirectory_saysSo() throws IOException {
    Path file = write("keys.d", "");
    assertThat(KeysDirectory.read(file).faults())
        .singleElement()
        .asString()
        .startsWith(file + " cannot be listed: ");
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
          {name: a, id: 1, size: 2, owner: me}   | unknown key 'owner'; allowed: [name, id, slot, size, foreign, description, format, merge]
          {name: a, id: 1, id: 2, size: 2}       | key 'id' is there twice
          {name: a, id: 64, size: 2}             | id: 64 is out of range; allowed: 0 to 63
          {name: a, id: -1, size: 2}             | id: -1 is out of range; allowed: 0 to 63
          {name: a, id: 1, size: 3}              | size 3 of a: a value has 2, 4 or 8 bytes
          {name: a, id: 1, size: 0}              | size 0 of a: a value has 2, 4 or 8 bytes
          {name: a, id: 1, size: 2, foreign: si} | foreign: 'si' is neither true nor false
          {name: a, id: [1], size: 2}            | one value is expected here
          {name: a, id: 1, size: 2, format: mac} | format of a mac does not fit size 2; ipv4 needs size 4 and mac needs size 8
          {name: a, id: 1, size: 2, merge: all}  | merge: merge 'all' is not known; allowed: unspecified, block, keep_first, keep_last, discard
          just words                             | 'key: value' lines are expected here; allowed keys: [name, id, slot, size, foreign, description, format, merge]
          """)
  void read_whenAnEntryIsWrong_namesFileAndLine(String entry, String fault) throws IOException {
    assertThat(fault("reserve:\n  - {name: fine, id: 0, size: 2}\n  - " + entry + "\n"))
        .isEqualTo("3: " + fault);
  }

  @Test
  void read_whenSomeIsWrong_takesTheRestAndTellsOfEachFault() throws IOException {
    Path first =
        write("10.yaml", "reserve:\n- {name: Bad, id: 0, size: 2}\n- {name: a, id: 1, size: 2}");
    Path second = write("20.yaml", "reserve: [{name: b");
    write("30.yaml", "reserve: [{name: c, id: 3, size: 2}]");

    Read<List<Reserve>> read = KeysDirectory.read(directory);

    assertThat(read.value()).extracting(r -> r.spec().name()).containsExactly("a", "c");
    assertThat(read.faults())
        .satisfiesExactly(
            fault -> assertThat(fault).startsWith(first + ":2: "),
            fault -> assertThat(fault).startsWith(second + ":1: not valid YAML: "));
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

    assertThat(KeysDirectory.read(directory).value()).hasSize(3);
  }

  /** Such a file used up the daemon's memory, also when it was read again. */
  @Test
  void read_whenAFileIsFarTooLong_saysSoAndTakesTheRest() throws IOException {
    Path big = write("10.yaml", "#".repeat((1 << 20) + 1));
    write("20.yaml", "reserve: [{name: a.b, id: 1, size: 8}]");
    assertThat(KeysDirectory.read(directory).value()).hasSize(1);
    assertThat(KeysDirectory.read(directory).faults())
        .containsExactly(
            big
                + " cannot be read: it has more than 1048576 bytes, which is far more than any config needs");
  }

  @Test
  void read_whenSomethingIsNoFile_saysSoAndDoesNotOpenIt() throws IOException {
    Path pipe = directory.resolve("10.yaml");
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(pipe));
    }
    assertThat(KeysDirectory.read(directory).faults())
        .containsExactly(pipe + " cannot be read: it is not a file; remove it");
  }
}
