package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Files of reservations and fields: planned, applied, exported and imported. */
class FieldFilesIT {
  @RegisterExtension final Host host = new Host();

  private Path file(String name, String... lines) throws Exception {
    return Files.writeString(host.root().resolve(name), String.join("\n", lines) + "\n");
  }

  @Test
  void apply_whenPlannedFirst_makesWhatThePlanSaid() throws Exception {
    host.start();
    Path file =
        file(
            "fields.yaml",
            "reserve:",
            "  - {name: acme.tenant, id: 7, size: 4, slot: 128}",
            "  - {name: legacy.mark, id: 63, size: 4, foreign: true}");

    Ran plan = host.cli("plan", file.toString()).exits(11);
    assertThat(plan.out()).contains("acme.tenant", "slot 128", "legacy.mark", "foreign");
    assertThat(host.cli("list", "-o", "name").ok().out()).doesNotContain("acme");
    host.cli("apply", file.toString()).ok();
    host.cli("plan", file.toString()).ok();
    assertThat(host.cli("show", "acme.tenant").ok().out())
        .contains("slot         128 bytes", file + ":2");
  }

  @Test
  void apply_whenSomethingContradicts_namesFileAndLineAndMakesNothing() throws Exception {
    host.start();
    host.cli("register", "edge.hop", "--size", "2", "--service", "edge").ok();
    Path file =
        file(
            "fields.yaml",
            "reserve:",
            "  - {name: acme.free, id: 7, size: 4}",
            "  - {name: acme.taken, id: 0, size: 2}");

    host.cli("plan", file.toString()).refuses(4, file + ":3: acme.taken cannot have id 0");
    host.cli("apply", file.toString()).refuses(4, file + ":3: ", "nothing was changed");
    assertThat(host.cli("list", "-o", "name").ok().out()).doesNotContain("acme");
    Path wrong = file("wrong.yaml", "reserve:", "  - {name: acme.x, id: 99, size: 4}");
    host.cli("apply", wrong.toString()).refuses(2, wrong + ":2: id: ");
    Path fields = file("export.yaml", "fields: []");
    host.cli("apply", fields.toString()).refuses(2, fields + ":1: unknown key 'fields'");
  }

  /** The comment at the top has revision and registry. */
  private static String withoutComments(String yaml) {
    return yaml.lines().filter(line -> !line.startsWith("#")).collect(Collectors.joining("\n"));
  }

  @Test
  void import_ofAnExport_makesTheSameRegistryElsewhere() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli(
            "register",
            "edge.hop",
            "--size",
            "2",
            "--shared",
            "--ttl",
            "7d",
            "--description",
            "it's \"quoted\": #no comment",
            "--service",
            "edge")
        .ok();
    host.cli("register", "edge.gone", "--size", "2", "--service", "edge").ok();
    host.cli("register", "edge.zone", "--size", "4", "--format", "ipv4", "--service", "edge").ok();
    host.cli("release", "edge.gone").ok();
    host.cli("transfer", "edge.zone", "--to", "edge-xdp.service").ok();
    host.cli("reserve", "acme.flow", "--id", "9", "--size", "8", "--slot", "128").ok();
    String export = host.cli("export").ok().out();
    assertThat(daemon.terminate()).isZero();
    Host.delete(host.data());
    Host.delete(host.run());
    Path file = file("export.yaml", export);

    host.start();
    host.cli("import", file.toString(), "--dry-run").exits(11);
    host.cli("import", file.toString()).ok();

    assertThat(withoutComments(host.cli("export").ok().out())).isEqualTo(withoutComments(export));
    host.cli("import", file.toString(), "--dry-run").ok();
    assertThat(export).doesNotContain("tag", "edge.gone").contains("unit:edge-xdp.service");
  }
}
