package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many instructions a look-up in {@code registry.bin} takes in a C program, which a busy
 * machine does not change.
 */
class LookUpCountIT {
  private static final Path SOURCE =
      Path.of(System.getProperty("metakey.sources", "."), "bench/lookups/lookups.c")
          .toAbsolutePath()
          .normalize();

  private static final Pattern COLLECTED = Pattern.compile("Collected : (\\d+)");

  /**
   * For a name behind 63 others; the library's share differs a little from one to the next. It was
   * 6,360 when this was written: opening and reading the file of 6 kB, looking for the tag,
   * checking and comparing 64 names.
   */
  private static final int MOST = 7_000;

  @TempDir Path made;

  @Test
  void lookUpInFile_whenNameIsTheLastOf64_takesFewInstructions() throws Exception {
    Requires.program("cc");
    Requires.program("valgrind");
    Path program = made.resolve("lookups");
    CBuild.program(SOURCE, program);
    publish(made);

    ProcessBuilder command =
        new ProcessBuilder(
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=" + made.resolve("calls"),
            "--toggle-collect=look_up_in_file",
            program.toString(),
            made.toString(),
            "none",
            "test.f63",
            "file");
    command.environment().put("LD_BIND_NOW", "1"); // or the loader's work would be counted too
    Ran counted = Ran.of(command, Host.PATIENCE).ok();

    assertThat(counted.out()).isEqualTo("63\n");
    Matcher collected = COLLECTED.matcher(counted.err());
    assertThat(collected.find()).as(counted.err()).isTrue();
    assertThat(Integer.parseInt(collected.group(1))).isBetween(1_000, MOST);
  }

  private static void publish(Path folder) throws Exception {
    List<Field> fields =
        IntStream.range(0, Field.IDS)
            .mapToObj(
                id ->
                    new Field.Builder(id, FieldSpec.of("test.f" + id, 2), FieldState.ACTIVE)
                        .generation(1)
                        .slot(18 + 2 * id)
                        .created(new Stamp(1, 1))
                        .build())
            .toList();
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), 9, Layout.SLOTTED, 216);
    Snapshot snapshot = Snapshot.of(info, fields);
    ByteBuffer bytes = RegistryFile.create(snapshot, 1);
    byte[] all = new byte[bytes.remaining()];
    bytes.get(all);
    Files.write(folder.resolve("registry.bin"), all);
  }
}
