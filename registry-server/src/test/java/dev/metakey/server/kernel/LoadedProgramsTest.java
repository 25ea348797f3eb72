package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Role;
import dev.metakey.model.Tag;
import dev.metakey.server.OpenFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Against the real kernel, with programs that are compiled here. */
@Timeout(60)
class LoadedProgramsTest {
  /** Three records, of which the second is not valid; one program calls another function. */
  private static final String PROGRAMS =
      """
      #include <linux/types.h>
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      #include "metakey/metakey.h"

      #define RECORD(var, ...) \\
        const volatile struct metakey_record var __attribute__((section(METAKEY_SECTION), used)) = { \\
            .magic = METAKEY_RECORD_MAGIC, .version = METAKEY_RECORD_VERSION, __VA_ARGS__}

      RECORD(packet_id, .role = METAKEY_ROLE_PRODUCES, .size = 8, .name = "edge.packet_id");
      RECORD(garbage, .role = METAKEY_ROLE_PRODUCES, .size = 8, .name = "Not A Name");
      RECORD(zone, .role = METAKEY_ROLE_CONSUMES, .size = 2, .name = "edge.zone",
             .mark = {.tag = {1, 2, 3, 4, 5, 6}}, .layout = METAKEY_SLOTTED, .area8 = 16,
             .registry_id = {1, [15] = 2}, .generation = 3, .slot = 30, .id = 5);

      __attribute__((noinline)) int length(struct xdp_md *ctx) {
        return ctx->data_end - ctx->data + packet_id.size;
      }

      SEC("xdp") int mk_first(struct xdp_md *ctx) { return length(ctx) ? XDP_PASS : XDP_DROP; }
      SEC("tc") int mk_second(struct __sk_buff *skb) { return zone.id + garbage.size == 77; }
      char _license[] SEC("license") = "Dual BSD/GPL";
      """;

  private static final String OTHER =
      """
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      const volatile char other[250] __attribute__((section(".rodata.metakey"), used)) = {1, 2, 3};
      SEC("xdp") int mk_other(struct xdp_md *ctx) { return other[7] ? XDP_PASS : XDP_DROP; }
      char _license[] SEC("license") = "Dual BSD/GPL";
      """;

  private static final String FIELDS =
      """
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      #include "metakey/metakey.bpf.h"

      METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);
      METAKEY_PRODUCES(zone, "edge.zone", __u16);
      METAKEY_CONSUMES(hop, "edge.hop", __u32);
      METAKEY_CONSUMES(nobody, "edge.nobody", __u32);

      SEC("xdp") int mk_number(struct xdp_md *ctx) {
        return metakey_set(ctx, packet_id, 7) ? XDP_DROP : XDP_PASS;
      }
      __attribute__((noinline)) int hops(struct __sk_buff *skb) {
        __u32 hops = 0;
        metakey_get(skb, hop, &hops);
        return hops;
      }
      SEC("tc") int mk_zone(struct __sk_buff *skb) {
        __u16 z = hops(skb);
        return metakey_get(skb, zone, &z) ? 0 : z;
      }
      SEC("tc") int mk_nothing(struct __sk_buff *skb) { return skb->len == 77; }
      char _license[] SEC("license") = "Dual BSD/GPL";
      """;

  /** One that the verifier takes although its record can change. */
  private static final String PLAIN =
      """
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      #include "metakey/metakey.bpf.h"

      METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);
      METAKEY_PRODUCES(zone, "edge.zone", __u16);
      SEC("xdp") int mk_plain(struct xdp_md *ctx) { return packet_id.id ? XDP_PASS : XDP_DROP; }
      char _license[] SEC("license") = "Dual BSD/GPL";
      """;

  /** By hand: the address of one record, with what is added to it, leads to others. */
  private static final String ARRAY =
      """
      #include <linux/types.h>
      #include <linux/bpf.h>
      #include <bpf/bpf_helpers.h>
      #include "metakey/metakey.h"

      #define RECORD(text) {.magic = METAKEY_RECORD_MAGIC, .version = METAKEY_RECORD_VERSION, \
          .role = METAKEY_ROLE_CONSUMES, .size = 8, .name = text}
      const volatile struct metakey_record all[2] __attribute__((section(METAKEY_SECTION), used)) = {
          RECORD("edge.first"), RECORD("edge.second")};

      SEC("xdp") int mk_array(struct xdp_md *ctx) { return all[0].size + all[1].id; }
      SEC("tc") int mk_map(struct __sk_buff *skb) { return 0; }
      char _license[] SEC("license") = "Dual BSD/GPL";
      """;

  @RegisterExtension private final Bpffs bpffs = new Bpffs();
  @TempDir private Path directory;
  private final LoadedPrograms loaded = new LoadedPrograms();

  /** Loads the programs, which stay for as long as they are pinned. */
  private Path load(String name, String source) throws Exception {
    Path object = compile(name, source);
    Path pins = Files.createDirectory(bpffs.point().resolve(name));
    Bpffs.run("bpftool", "prog", "loadall", object.toString(), pins.toString());
    return pins;
  }

  private Path compile(String name, String source) throws Exception {
    Path object = directory.resolve(name + ".o");
    Files.writeString(directory.resolve(name + ".c"), source);
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/clang")), "missing: clang");
    Path headers = Path.of("..", "client-lib", "src", "main", "bpf").toAbsolutePath().normalize();
    Bpffs.run(
        "clang",
        "-O2",
        "-g",
        "-target",
        "bpf",
        "-I" + headers,
        "-I/usr/include/" + System.getProperty("os.arch").replace("amd64", "x86_64") + "-linux-gnu",
        "-c",
        directory.resolve(name + ".c").toString(),
        "-o",
        object.toString());
    return object;
  }

  private static List<String> names(List<FieldUse> uses) {
    return uses.stream().map(FieldUse::name).toList();
  }

  private List<LoadedProgram> named(List<LoadedProgram> programs, String prefix) {
    return programs.stream().filter(p -> p.name().startsWith(prefix)).toList();
  }

  @Test
  void scan_whenProgramsAreLoaded_findsThemAndTheirRecords() throws Exception {
    assertThat(named(loaded.scan(), "mk_")).isEmpty();
    Path pins = load("programs", PROGRAMS);

    List<LoadedProgram> found = named(loaded.scan(), "mk_");

    assertThat(found)
        .extracting(LoadedProgram::name)
        .containsExactlyInAnyOrder(
            "mk_first", "mk_second"); // and not the function that one of them calls
    LoadedProgram first = named(found, "mk_first").get(0);
    assertThat(first.type()).isEqualTo("xdp");
    assertThat(named(found, "mk_second").get(0).type()).isEqualTo("sched_cls");
    assertThat(Bpffs.run("bpftool", "prog", "show", "id", "" + first.id()))
        .contains("name mk_first", "tag " + first.tag());
    assertThat(first.loadedAtMs())
        .isBetween(System.currentTimeMillis() - 60_000, System.currentTimeMillis() + 1_000);
    assertThat(first.uses())
        .containsExactly(
            new FieldUse("edge.packet_id", 8, Role.PRODUCES, null),
            new FieldUse(
                "edge.zone",
                2,
                Role.CONSUMES,
                new FieldUse.Place(
                    new UUID(1L << 56, 2),
                    Layout.SLOTTED,
                    128,
                    Tag.of(new byte[] {1, 2, 3, 4, 5, 6}),
                    5,
                    3,
                    30)));
    assertThat(first.pids()).isEmpty();

    LoadedProgram again = named(loaded.scan(), "mk_first").get(0);
    assertThat(again).as("is not decoded again").isSameAs(first);

    Files.delete(pins.resolve("mk_first"));
    assertThat(named(loaded.scan(), "mk_"))
        .extracting(LoadedProgram::name)
        .containsExactly("mk_second");
  }

  @Test
  void scan_whenProgramsOfAnObjectUseDifferentFields_tellsThemApart() throws Exception {
    load("fields", FIELDS);

    List<LoadedProgram> found = named(loaded.scan(), "mk_");

    LoadedProgram number = named(found, "mk_number").get(0);
    assertThat(names(number.uses())).containsExactly("edge.packet_id");
    assertThat(names(number.unused())).containsExactly("edge.zone", "edge.hop", "edge.nobody");
    assertThat(names(named(found, "mk_zone").get(0).uses()))
        .as("with what a function that it calls uses")
        .containsExactly("edge.zone", "edge.hop");
    assertThat(names(named(found, "mk_nothing").get(0).uses())).isEmpty();
    assertThat(named(found, "mk_nothing").get(0).records()).hasSize(4);
  }

  @Test
  void scan_whenRecordsAreInAnArray_oneThatHasTheAddressOfAnyUsesAll() throws Exception {
    load("array", ARRAY);

    List<LoadedProgram> found = named(loaded.scan(), "mk_");

    assertThat(names(named(found, "mk_array").get(0).uses()))
        .containsExactly("edge.first", "edge.second");
    assertThat(named(found, "mk_map").get(0).uses()).isEmpty();
  }

  @Test
  void scan_whileTheRecordsAreNotFrozen_readsThemAgainAndThenNoMore() throws Exception {
    Path map = bpffs.point().resolve("records");
    Libc.load();
    Path object = compile("plain", PLAIN);
    try (BpfMap records =
        BpfMap.create(
            new BpfMap.Shape(".rodata.metakey", BpfMap.ARRAY, 4, 2 * RecordStruct.BYTES, 1, 128))) {
      records.pin(map);
      load(object, map, "plain");
      assertThat(named(loaded.scan(), "mk_plain").get(0).uses()).as("not filled in").isEmpty();

      records.update(BpfMap.key(0), sectionOf(object));

      LoadedProgram filled = named(loaded.scan(), "mk_plain").get(0);
      assertThat(names(filled.uses())).containsExactly("edge.packet_id");
      load(object, map, "another");
      List<LoadedProgram> both = named(loaded.scan(), "mk_plain");
      assertThat(both.get(0).uses().get(0))
          .as("a map is read once for all programs that have it")
          .isSameAs(both.get(1).uses().get(0));
      Files.delete(bpffs.point().resolve("another"));
      LoadedProgram again = named(loaded.scan(), "mk_plain").get(0);
      assertThat(again.uses()).isNotSameAs(filled.uses()).isEqualTo(filled.uses());
      Bpffs.run("bpftool", "map", "freeze", "pinned", map.toString());
      LoadedProgram last = named(loaded.scan(), "mk_plain").get(0);
      assertThat(named(loaded.scan(), "mk_plain").get(0)).isSameAs(last);
    }
  }

  /** Loads a program with a map of records that is there already. */
  private void load(Path object, Path map, String pin) throws Exception {
    Bpffs.run(
        "bpftool prog load %s %s type xdp map name .rodata.metakey pinned %s"
            .formatted(object, bpffs.point().resolve(pin), map)
            .split(" "));
  }

  private byte[] sectionOf(Path object) throws Exception {
    Path section = directory.resolve("section");
    Bpffs.run(
        "llvm-objcopy",
        "--dump-section=.rodata.metakey=" + section,
        object.toString(),
        directory.resolve("copy.o").toString());
    return Files.readAllBytes(section);
  }

  @Test
  void scan_whenSomebodyElseHasAMapOfThatName_isNotDisturbed() throws Exception {
    load("other", OTHER);
    load("programs", PROGRAMS);

    List<LoadedProgram> found = named(loaded.scan(), "mk_");

    assertThat(found).hasSize(3);
    assertThat(named(found, "mk_other").get(0).uses()).isEmpty();
    assertThat(named(found, "mk_first").get(0).uses()).hasSize(2);
  }

  @Test
  void scanWithPids_whenAProcessHoldsAProgram_namesIt() throws Exception {
    Path pins = load("programs", PROGRAMS);
    int id = named(loaded.scan(), "mk_first").get(0).id();

    try (Bpf.Fd held = Bpf.program(id)) {
      assertThat(held).isNotNull();
      assertThat(named(loaded.scanWithPids(), "mk_first").get(0).pids())
          .containsExactly((int) ProcessHandle.current().pid());
      assertThat(named(loaded.scanWithPids(), "mk_second").get(0).pids()).isEmpty();
    }
    assertThat(named(loaded.scanWithPids(), "mk_first").get(0).pids()).isEmpty();
    assertThat(pins).isDirectoryContaining("glob:**/mk_first");
  }

  @Test
  void scan_leavesNoFileOpen() throws Exception {
    load("programs", PROGRAMS);
    assertThat(loaded.scan()).isNotEmpty();
    Map<String, Long> before = OpenFiles.now();
    for (int i = 0; i < 50; i++) {
      assertThat(new LoadedPrograms().scan()).isNotEmpty();
    }
    assertThat(OpenFiles.now()).isEqualTo(before);
  }

  @Test
  void openById_whenTheMapIsGone_isNone() throws Exception {
    Libc.load();
    assertThat(BpfMap.openById(Integer.MAX_VALUE)).isNull();
    assertThat(Bpf.program(Integer.MAX_VALUE)).isNull();
  }
}
