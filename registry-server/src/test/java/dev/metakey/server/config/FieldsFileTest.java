package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.server.domain.Apply;
import dev.metakey.server.domain.Import;
import dev.metakey.server.domain.Reserve;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FieldsFileTest {
  private static final Path FILE = Path.of("/etc/fields.yaml");

  private static Read<List<Apply.Entry>> parse(String... lines) {
    return FieldsFile.parse(FILE, String.join("\n", lines), true);
  }

  @Test
  void parse_whenSound_hasReservationsAndFieldsWithTheirPlaces() {
    Read<List<Apply.Entry>> read =
        parse(
            "reserve:",
            "  - {name: a.x, id: 3, size: 8, slot: 24}",
            "fields:",
            "  - name: a.y",
            "    id: 4",
            "    size: 4",
            "    owners: [unit:edge.service, \"1000:tracer\", container:web]",
            "    sharing: shared",
            "    ttl: 7d",
            "    format: ipv4",
            "    merge: block");

    assertThat(read.faults()).isEmpty();
    assertThat(read.value())
        .containsExactly(
            new Reserve(
                FieldSpec.of("a.x", 8), 3, 24, new Reservation(false, "/etc/fields.yaml:2")),
            new Import(
                new FieldSpec(
                    "a.y", 4, "", Format.IPV4, Merge.BLOCK, Sharing.SHARED, 7 * 86_400_000L),
                4,
                0,
                List.of(
                    Owner.unit("edge.service"), new Owner(1000, "tracer"), Owner.container("web")),
                "/etc/fields.yaml:4"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{name: a, id: 64, size: 2}|id",
        "{name: a, size: 2}|is missing",
        "{name: a, id: 1, size: 3}|size 3",
        "{name: kernel.a, id: 1, size: 2}|kernel.",
        "{name: a, id: 1, size: 2, slot: 0}|slot",
        "{name: a, id: 1, size: 2, owners: [edge]}|edge",
        "{name: a, id: 1, size: 2, owners: [unit:edge]}|.service",
        "{name: a, id: 1, size: 2, ttl: 1}|ttl",
        "{name: a, id: 1, size: 2, tag: x}|unknown key",
      })
  void parse_whenAFieldIsWrong_namesFileAndLineAndLeavesItOut(String entry, String fault) {
    Read<List<Apply.Entry>> read = parse("fields:", "  - " + entry);

    assertThat(read.value()).isEmpty();
    assertThat(read.faults()).singleElement().asString().startsWith(FILE + ":2: ").contains(fault);
  }

  @Test
  void parse_whenFieldsAreNotAllowed_refusesThem() {
    assertThat(FieldsFile.parse(FILE, "fields: []", false).faults())
        .singleElement()
        .asString()
        .contains("unknown key 'fields'; allowed: [reserve]");
    assertThat(parse("reserve: [").faults()).singleElement().asString().contains("not valid YAML");
    assertThat(parse("").faults()).isEmpty();
  }
}
