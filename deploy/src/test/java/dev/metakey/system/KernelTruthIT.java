package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.TagStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What the kernel has loaded decides what the registry gives away: with real programs, a real
 * daemon and the command line.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class KernelTruthIT {
  @RegisterExtension final Host host = new Host().seeingPrograms();

  private Path bpffs;

  @BeforeEach
  void setUp() throws Exception {
    Requires.bpf();
    bpffs = host.mount("bpffs", "-t", "bpf", "bpf");
    host.configure("quarantine: 5s", "layout: packed");
  }

  private FieldUse.Place place(int id, int generation) throws IOException {
    return new FieldUse.Place(new UUID(0, 0), Layout.PACKED, 128, tag(), id, generation, 0);
  }

  /** The host's tag; any tag if there is none yet. */
  private Tag tag() throws IOException {
    Path file = host.run().resolve("tag");
    return Files.exists(file) ? TagStruct.read(file).tag() : Tag.of(new byte[] {1, 2, 3, 4, 5, 6});
  }

  /** Compiles and loads a program that is linked to a field; it stays until it is unloaded. */
  private Path load(String pin, String name, int size, FieldUse.@Nullable Place place)
      throws Exception {
    Path sources = Path.of(System.getProperty("metakey.sources", ".")).toAbsolutePath();
    Path object = host.root().resolve(pin + ".bpf.o");
    List<String> command = new ArrayList<>(List.of("clang", "-O2", "-g", "-target", "bpf"));
    command.addAll(List.of("-Wall", "-Wextra", "-Werror"));
    command.add("-I" + sources.resolve("client-lib/src/main/bpf"));
    command.add("-I/usr/include/%s-linux-gnu".formatted(machine()));
    command.add("-DNAME=\"%s\"".formatted(name));
    command.add("-DSIZE=" + size);
    if (place != null) {
      command.add("-DID=" + place.id());
      command.add("-DGENERATION=" + place.generation());
      command.add("-DSLOT=" + place.slot());
      command.add("-DLAYOUT=" + place.layout().code());
      command.add("-DAREA=" + place.areaBytes());
      command.add(
          "-DTAG=" + HexFormat.ofDelimiter(",").withPrefix("0x").formatHex(place.tag().bytes()));
    }
    command.addAll(List.of("-c", sources.resolve("deploy/src/test/bpf/linked.bpf.c").toString()));
    command.addAll(List.of("-o", object.toString()));
    Ran.of(new ProcessBuilder(command), Host.PATIENCE).ok();
    Path pinned = bpffs.resolve(pin);
    Ran.of(
            new ProcessBuilder(
                "bpftool", "prog", "load", object.toString(), pinned.toString(), "type", "xdp"),
            Host.PATIENCE)
        .ok();
    return pinned;
  }

  private static String machine() throws Exception {
    return Ran.of(new ProcessBuilder("uname", "-m"), Host.PATIENCE).ok().out().strip();
  }

  private void unload(Path pinned) throws Exception {
    Files.delete(pinned);
  }

  /** {@code f0} to {@code f63}: every id there is. */
  private void registerAll() throws Exception {
    List<String> words = new ArrayList<>(List.of("register"));
    IntStream.range(0, Field.IDS).forEach(i -> words.add("f%d:2".formatted(i)));
    host.cli(words.toArray(String[]::new)).ok();
  }

  private String show(String name) throws Exception {
    return host.cli("show", name, "-o", "jsonl").ok().out();
  }

  private List<String> orphans() throws Exception {
    Ran ran = host.cli("list", "--orphans", "--unused-for", "0", "-o", "name");
    return ran.ok().out().lines().toList();
  }

  private String history() throws Exception {
    return host.cli("history", "-o", "jsonl").ok().out();
  }

  @Test
  void release_whileAProgramIsLinked_isRefusedAndTheIdIsGivenAwayOnlyAfterwards() throws Exception {
    host.start();
    registerAll();
    Path program = load("user", "f5", 2, place(5, 1));

    assertThat(show("f5")).contains("\"last_used\":\"2");
    Host.await("the program is seen", () -> !orphans().contains("f5"));
    assertThat(orphans()).contains("f4", "f6").hasSize(Field.IDS - 1);
    host.cli("release", "f5").refuses(7, "f5 (id 5) is in use", "(xdp linked)", "--force");
    assertThat(host.cli("users", "f5").ok().out()).contains("xdp", "linked", "yes");
    assertThat(host.cli("status").exits(10).out())
        .containsOnlyOnce("problem ")
        .contains("64 of 64 ids are taken, 0 of them retired; the biggest holders: ");

    unload(program);
    Host.await("the kernel lets the program go", () -> host.cli("release", "f5").exit() == 0);
    host.cli("register", "new:2").refuses(6, "no id is left");
    Host.await("the quarantine ends", () -> host.cli("register", "new:2").exit() == 0);
    assertThat(show("new")).contains("\"id\":5,", "\"generation\":2,");
  }

  /** Loads two programs, one for two.zone and one for two.number. Returns where they are pinned. */
  private Path loadTwo() throws Exception {
    host.cli("register", "two.zone:2").ok();
    CBuild.bpf("clang", CBuild.source("two.bpf.c"), host.root().resolve("two.o"));
    host.cli("link", "two.o", "-o", "linked.o").ok();
    Path pins = bpffs.resolve("two");
    Path linked = host.root().resolve("linked.o");
    Ran.of(
            new ProcessBuilder("bpftool", "prog", "loadall", linked.toString(), pins.toString()),
            Host.PATIENCE)
        .ok();
    return pins;
  }

  @Test
  void users_whenProgramsOfAnObjectUseDifferentFields_tellsThemApart() throws Exception {
    host.configure("quarantine: 5s");
    host.start();
    Path pins = loadTwo();

    assertThat(host.cli("users", "two.number").ok().out())
        .contains("two_number")
        .doesNotContain("two_zone");
    assertThat(host.cli("users", "two.zone").ok().out())
        .contains("two_zone")
        .doesNotContain("two_number");
    host.cli("release", "two.zone").refuses(7, "two.zone (id 0) is in use", "(sched_cls two_zone)");
    host.cli("release", "two.number").refuses(7, "(xdp two_number)");

    unload(pins.resolve("two_zone"));
    Host.await("two.zone is released", () -> host.cli("release", "two.zone").exit() == 0);
    host.cli("release", "two.number").refuses(7, "(xdp two_number)");
    unload(pins.resolve("two_number"));
  }

  @Test
  void restore_whileProgramsAreLoaded_isRefusedWhereTheyAreInTheWayAndKeepsWhatTheyUse()
      throws Exception {
    host.configure("quarantine: 5s");
    host.start();
    host.cli("register", "edge.hop:2", "--service", "edge").ok();
    String backup = host.root().resolve("a.backup").toString();
    host.cli("backup", backup).ok();
    host.cli("release", "edge.hop", "--now").ok();
    host.cli("reserve", "two.number", "--id", "0", "--size", "8").ok();
    Path pins = loadTwo();
    assertThat(show("two.number")).contains("\"id\":0,");
    String before = host.cli("list", "-o", "jsonl").ok().out();

    for (List<String> asked :
        List.of(List.of("restore", backup), List.of("restore", backup, "--yes"))) {
      host.cli(asked.toArray(String[]::new))
          .refuses(7, "(xdp two_number) is linked to two.number with id 0", "nothing was restored");
    }
    assertThat(host.cli("list", "-o", "jsonl").ok().out()).isEqualTo(before);

    unload(pins.resolve("two_number"));
    Host.await("the kernel lets the program go", () -> host.cli("restore", backup).exit() == 11);
    assertThat(host.cli("restore", backup).out())
        .contains("edge.hop", "two.number")
        .doesNotContain("two.zone");
    host.cli("restore", backup, "--yes").ok();

    assertThat(show("edge.hop")).contains("\"id\":0,");
    assertThat(show("two.zone")).contains("\"id\":1,", "\"state\":\"active\"");
    assertThat(host.cli("users", "two.zone").ok().out()).contains("two_zone", "yes");
    host.cli("release", "two.zone").refuses(7, "(sched_cls two_zone)");
    host.cli("status").ok();
    unload(pins.resolve("two_zone"));
  }

  @Test
  void release_whenForced_isRecordedAndTheIdStaysSetAsideUntilTheProgramIsGone() throws Exception {
    host.start();
    registerAll();
    Path program = load("user", "f5", 2, place(5, 1));

    host.cli("release", "f5", "--force").ok();

    assertThat(history()).contains("\"kind\":\"forced\"").doesNotContain("\"kind\":\"released\"");
    assertThat(show("f5"))
        .contains("\"kind\":\"quarantine\",\"until\":\"2", "\"kind\":\"programs\"");
    awaitTheEndOfALaterQuarantine();
    host.cli("register", "new:2").refuses(6, "no id is left");
    assertThat(show("f5"))
        .contains("\"state\":\"retired\"", "\"kind\":\"programs\",\"until\":null,\"programs\":[")
        .doesNotContain("quarantine");
    assertThat(host.cli("show", "f5").ok().out()).containsPattern("not free +program .*xdp linked");
    unload(program);
    Host.await("the id is free", () -> host.cli("register", "new:2").exit() == 0);
    assertThat(show("new")).contains("\"id\":5,", "\"blockers\":[]");
  }

  /** What was released earlier is free by then too, unless something keeps it. */
  private void awaitTheEndOfALaterQuarantine() throws Exception {
    host.cli("release", "f20").ok();
    Host.await("f20 is free", () -> host.cli("register", "later:2").exit() == 0);
    assertThat(show("later")).contains("\"id\":20,");
  }

  @Test
  void quarantine_whenAProgramIsLoadedWhileItLasts_goesOn() throws Exception {
    host.start();
    registerAll();
    host.cli("release", "f9").ok();
    Path program = load("late", "f9", 2, place(9, 1));
    awaitTheEndOfALaterQuarantine();
    host.cli("register", "new:2").refuses(6, "no id is left");

    host.cli("register", "f9:2").ok();

    assertThat(show("f9")).contains("\"id\":9,", "\"generation\":1,", "\"state\":\"active\"");
    unload(program);
  }

  @Test
  void stale_whileItIsLoaded_isReportedAndItsIdIsGivenToNobody() throws Exception {
    host.start();
    host.cli("register", "first:2").ok();
    Path stale = load("stale", "lost.field", 8, place(1, 4));
    Path unlinked = load("unlinked", "edge.idle", 4, null);
    Host.await(
        "the daemon sees both",
        () -> host.cli("status").out().contains("programs   2 loaded, 1 stale"));

    host.cli("register", "second:2").ok();
    host.cli("reserve", "third", "--id", "1", "--size", "2").refuses(4, "(xdp linked)");

    assertThat(show("second")).contains("\"id\":2,");
    assertThat(host.cli("status").exits(10).out()).contains("disagrees with the registry");
    assertThat(host.cli("users", "lost.field").ok().out()).contains("the name is not known here");
    assertThat(host.cli("users", "edge.idle").ok().out()).contains("no");
    unload(stale);
    unload(unlinked);
    Host.await("the daemon sees that it is gone", () -> host.cli("status").exit() == 0);
    host.cli("register", "fourth:2").ok();
    assertThat(show("fourth")).contains("\"id\":1,");
  }

  @Test
  void start_withoutData_adoptsWhatIsLoaded() throws Exception {
    Path first = load("first", "edge.packet_id", 8, place(7, 3));
    Path second = load("second", "edge.verdict", 4, place(11, 1));
    host.configure("layout: slotted");

    DaemonProcess daemon = host.start();

    assertThat(show("edge.packet_id"))
        .contains("\"id\":7,", "\"size\":8,", "\"generation\":3,", "\"state\":\"active\"");
    assertThat(show("edge.verdict")).contains("\"id\":11,", "\"owners\":[]");
    assertThat(history()).contains("\"kind\":\"adopted\"");
    assertThat(daemon.log()).contains("adopted edge.packet_id with id 7");
    assertThat(host.cli("status").exits(10).out())
        .contains("waits for a reboot", "packed, area of 128 bytes", "2 loaded, 0 stale");
    host.cli("register", "edge.packet_id:8", "--service", "edge").ok();
    host.cli("release", "edge.packet_id").refuses(7, "in use");

    daemon.kill();
    unload(first);
    unload(second);
    host.start();
    assertThat(show("edge.packet_id")).contains("\"id\":7,", "\"service\":");
  }
}
